// A processor's translation with caches that never forget, as a set: whatever a TLB, a walk cache
// or the stage-2 TLB could hold is held, and every way to combine it with what stands in memory is
// gone. What a real processor gives must be among the outcomes; once all is invalidated there is
// only one. Knows pages and blocks, valid bits, table bits, AP, XN and nG of 48-bit tables; nothing
// else.
#pragma once
#include <compare>
#include <optional>
#include <ostream>
#include <set>
#include <vector>

#include "common/memory/physical_memory.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"
#include "naive_tlbi.h"

namespace nestwalk::arm64::test {

struct Outcome {
  FaultCause cause = FaultCause::none;
  unsigned stage = 0;
  bool on_table_walk = false;
  std::uint64_t pa = 0;  // without a fault
  auto operator<=>(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// Where the tables of one address space begin.
struct NaiveSpace {
  Tag owner{};
  unsigned page_lg2 = 12, stride = 9;  // of both stages
  std::uint64_t stage1_root = 0;
  int stage1_height = 2;
  bool two_stages = true;
  std::uint64_t stage2_root = 0;
  int stage2_height = 2;
  bool one_privilege = false;  // EL2

  unsigned shift(int height) const { return page_lg2 + stride * static_cast<unsigned>(height); }
};

class NaiveMmu {
 public:
  explicit NaiveMmu(const PhysicalMemory& memory) : memory_(memory) {}

  // Everything that the access may give; all that is met on the way may be held from now on.
  std::set<Outcome> access(const NaiveSpace& space, std::uint64_t va, const Access& access);
  void invalidate(const Tlbi& op, std::uint16_t vmid);
  std::size_t held() const { return held_.size(); }

 private:
  struct Held {
    Fact fact;
    std::uint64_t out = 0;                  // of the first byte; walks: the next table
    int height = 0;                         // walks: of that table
    std::optional<std::uint64_t> table_pa;  // stage-1 walks: its address behind stage 2, if known
    unsigned rights = 0;
    bool serves(const NaiveSpace& space, Fact::Kind kind, std::uint64_t address) const;
  };
  struct Second {  // what stage 2 may answer
    FaultCause cause = FaultCause::none;
    std::uint64_t pa = 0;
    unsigned lg2 = 64, rights = 63;
  };
  void hold(const Held& held);
  std::vector<Held> holding(const NaiveSpace& space, Fact::Kind kind, std::uint64_t address) const;
  std::uint64_t read(std::uint64_t at) const { return memory_.read(Pa{at}, 8); }

  std::vector<Second> second_stage(std::uint64_t ipa);
  Second walk_second(std::uint64_t ipa, int height, std::uint64_t table);
  void visit(int height, std::uint64_t table, std::optional<std::uint64_t> table_pa);
  void enter(int height, std::uint64_t word);
  void final_address(int height, std::uint64_t word);
  // Stage 1 has given `ipa`, from a leaf of 2^leaf bytes.
  void second_of_final(std::uint64_t ipa, unsigned leaf, bool global, unsigned rights);

  const PhysicalMemory& memory_;
  std::vector<Held> held_;
  // Of the access that is being made.
  NaiveSpace space_{};
  std::uint64_t va_ = 0;
  unsigned needed_ = 0;
  std::set<Outcome> outcomes_;
};

}  // namespace nestwalk::arm64::test
