#include "naive_tlbi.h"

#include <array>
#include <string_view>

namespace nestwalk::arm64::test {
namespace {

using K = TlbiKind;

bool any_of(K kind, std::initializer_list<K> list) {
  for (const K one : list)
    if (kind == one) return true;
  return false;
}
bool last_level_only(K kind) {
  return any_of(kind, {K::vale1, K::vaale1, K::vale2, K::ipas2le1, K::rvale1, K::rvaale1, K::rvale2,
                       K::ripas2le1});
}
bool any_asid(K kind) { return any_of(kind, {K::vaae1, K::vaale1, K::rvaae1, K::rvaale1}); }
bool of_el2(K kind) { return any_of(kind, {K::alle2, K::vae2, K::vale2, K::rvae2, K::rvale2}); }

constexpr std::array<unsigned, 4> page_lg2 = {0, 12, 14, 16};  // by TG and TTL[3:2]
constexpr std::array<unsigned, 4> stride = {0, 9, 11, 13};

// The size of leaf that a hint names (spec 1.9.3; no 52-bit tables): nothing for level 0, and for
// level 1 of 16K.
std::optional<unsigned> hinted(unsigned granule, unsigned level) {
  if (granule == 0 || level == 0 || (granule == 2 && level == 1)) return std::nullopt;
  return page_lg2[granule] + stride[granule] * (3 - level);
}

// First and last address; nothing: TG = 0 has no effect.
struct Range {
  std::uint64_t first, last;
};
std::optional<Range> range_of(const Tlbi& op) {
  if (!op.ranged()) return Range{op.address >> 12 << 12, op.address >> 12 << 12};
  if (op.tg == 0) return std::nullopt;
  const unsigned lg2 = page_lg2[op.tg];
  const std::uint64_t pages = std::uint64_t{op.num + 1} << (5 * op.scale + 1);
  const std::uint64_t first = op.address >> lg2 << lg2;
  return Range{first, first + (pages << lg2) - 1};
}

}  // namespace

bool Tlbi::by_ipa() const {
  return any_of(kind, {K::ipas2e1, K::ipas2le1, K::ripas2e1, K::ripas2le1});
}

std::uint64_t Tlbi::operand() const {
  const std::uint64_t top = by_ipa() ? 0 : std::uint64_t{asid} << 48;
  if (!ranged()) return top | std::uint64_t{ttl} << 44 | address >> 12;
  const std::uint64_t base = tg == 0 ? address >> 12 : address >> page_lg2[tg];
  return top | std::uint64_t{tg} << 46 | std::uint64_t{scale} << 44 | std::uint64_t{num} << 39 |
         std::uint64_t{range_level} << 37 | base;
}

std::ostream& operator<<(std::ostream& out, const Tlbi& op) {
  out << "TLBI " << name(TlbiOperation{op.kind, op.scope, op.nxs});
  const bool all = any_of(op.kind, {K::vmalle1, K::vmalls12e1, K::alle1, K::alle2});
  if (all) return out;
  if (!op.by_ipa()) out << ", ASID " << op.asid;
  if (op.kind == K::aside1) return out;
  out << std::hex << (op.by_ipa() ? ", IPA 0x" : ", VA 0x") << op.address << std::dec;
  if (op.ranged())
    return out << ", TG " << op.tg << ", SCALE " << op.scale << ", NUM " << op.num << ", TTL "
               << op.range_level;
  return out << ", TTL " << op.ttl;
}

std::ostream& operator<<(std::ostream& out, const Fact& fact) {
  constexpr std::string_view kinds[] = {"final entry", "VA to IPA", "stage-1 walk", "IPA to PA",
                                        "stage-2 walk"};
  return out << kinds[static_cast<unsigned>(fact.kind)] << (fact.global ? " (global)" : "")
             << std::hex << " 0x" << fact.base << std::dec << " +2^" << fact.lg2 << " of a 2^"
             << fact.leaf_lg2 << " leaf, ASID " << fact.owner.space << ", VMID " << fact.owner.vm
             << ", regime " << fact.owner.regime;
}

bool must_go(const Fact& fact, const Tlbi& op, std::uint16_t vmid, Regime el2_regime) {
  const bool is_walk = fact.kind == Fact::Kind::stage1_walk || fact.kind == Fact::Kind::stage2_walk;
  const bool by_second_stage =
      fact.kind == Fact::Kind::second_stage || fact.kind == Fact::Kind::stage2_walk;
  const auto el1 = static_cast<std::uint16_t>(Regime::el1_0);
  const auto el2 = static_cast<std::uint16_t>(el2_regime);
  if (fact.owner.regime != (of_el2(op.kind) ? el2 : el1)) return false;

  // Columns of the table: which kinds of facts.
  if (any_of(op.kind, {K::alle1, K::alle2})) return true;
  if (!of_el2(op.kind) && fact.owner.vm != vmid) return false;
  if (op.kind == K::vmalls12e1) return true;
  if (by_second_stage != op.by_ipa()) return false;
  if (op.kind == K::vmalle1) return true;
  const bool own_asid = fact.owner.space == op.asid || el2_regime == Regime::el2;
  if (op.kind == K::aside1) return !fact.global && fact.owner.space == op.asid;
  if (is_walk && last_level_only(op.kind)) return false;

  // Qualifiers: ASID, then addresses and level.
  const bool asid_counts = !op.by_ipa() && !any_asid(op.kind) && !fact.global;
  if (asid_counts && (of_el2(op.kind) ? !own_asid : fact.owner.space != op.asid)) return false;
  const std::optional<Range> range = range_of(op);
  if (!range) return false;
  const std::optional<unsigned> hint =
      op.ranged() ? hinted(op.tg, op.range_level) : hinted(op.ttl >> 2, op.ttl & 3);
  if (hint && !is_walk && *hint != fact.leaf_lg2) return false;
  const unsigned reach = std::max(fact.lg2, fact.leaf_lg2);  // pieces of a leaf go together
  const std::uint64_t base = fact.base >> reach << reach;
  return base <= range->last && base + ((std::uint64_t{1} << reach) - 1) >= range->first;
}

}  // namespace nestwalk::arm64::test
