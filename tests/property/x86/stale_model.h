// A naive model of what a processor may have cached: every piece of a translation that any walk
// could have made, until a rule (invalidation_rules.h) says that it must be gone. What an access
// may come to is then whatever can be put together of pieces and memory. No capacity, no
// replacement, no order of lookups; four levels on each stage; shares no code with the walker.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "common/memory/physical_memory.h"
#include "property/x86/invalidation_rules.h"

namespace nestwalk::x86::test {

// The state under which an access is made.
struct ModelState {
  CurrentTag tag;
  std::uint64_t cr3 = 0;                     // the guest's root table
  std::optional<std::uint64_t> host_root{};  // of the second stage; nothing: there is none
  bool ept = false;                          // else nested paging, tagged by ASID
  bool globals = false;                      // CR4.PGE
};

struct ModelAccess {
  std::uint64_t linear = 0;
  bool write = false, user = false;
};

struct ModelOutcome {
  enum class Kind : std::uint8_t { ok, page_fault, second_stage_fault } kind = Kind::ok;
  std::uint64_t address = 0;  // physical; of a second-stage fault the guest-physical page
  auto operator<=>(const ModelOutcome&) const = default;
};

class StaleModel {
 public:
  explicit StaleModel(const PhysicalMemory& memory) : memory_(memory) {}
  // All that the access may come to. Remembers what walks for it may have cached.
  std::set<ModelOutcome> access(const ModelState& state, const ModelAccess& access);
  // What it comes to if nothing is cached.
  ModelOutcome fresh(const ModelState& state, const ModelAccess& access) const;
  void execute(const Operation& operation, const CurrentTag& now) {
    std::erase_if(pieces_, [&](const Piece& piece) { return must_go(operation, now, piece); });
  }

 private:
  const PhysicalMemory& memory_;
  std::set<Piece> pieces_;
};

}  // namespace nestwalk::x86::test
