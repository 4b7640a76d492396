// TLBI as the manual's tables have it (spec 1.9.2, 1.9.3), read row by row and without regard to
// how the model does it: what an operand says, and which cached facts must be gone afterwards.
#pragma once
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "arm64/regime.h"
#include "arm64/tlbi.h"
#include "common/tlb/tag.h"

namespace nestwalk::arm64::test {

// An operation with its operand's fields apart.
struct Tlbi {
  TlbiKind kind = TlbiKind::vmalle1;
  TlbiScope scope = TlbiScope::inner;
  bool nxs = false;
  std::uint16_t asid = 0;
  std::uint64_t address = 0;  // VA or IPA, of a page
  unsigned ttl = 0;           // single forms: [3:2] granule, [1:0] level
  // Range forms.
  unsigned tg = 1, scale = 0, num = 0, range_level = 0;

  bool by_ipa() const;
  bool ranged() const { return is_range(kind); }
  std::uint64_t operand() const;  // encoded by the bit numbers of spec 1.9.3
};
std::ostream& operator<<(std::ostream& out, const Tlbi& op);

// Something that a processor may hold.
struct Fact {
  enum class Kind : std::uint8_t {
    final_entry,
    stage1_entry,
    stage1_walk,
    second_stage,
    stage2_walk
  };
  Kind kind = Kind::final_entry;
  Tag owner{};
  bool global = false;
  std::uint64_t base = 0;  // VA, or IPA of what stage 2 alone has made
  unsigned lg2 = 12;       // bytes that it is for
  unsigned leaf_lg2 = 12;  // of the leaf that it comes from
};
std::ostream& operator<<(std::ostream& out, const Fact& fact);

// Must the fact go? `vmid`: the current one; `regime`: that of the EL1 or EL2 operations (EL2 or
// EL2&0).
bool must_go(const Fact& fact, const Tlbi& op, std::uint16_t vmid, Regime el2_regime);

}  // namespace nestwalk::arm64::test
