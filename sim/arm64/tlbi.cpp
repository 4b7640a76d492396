#include "arm64/tlbi.h"

#include <algorithm>

#include "arm64/regime.h"
#include "arm64/tlbi_operand.h"
#include "common/base/check.h"

namespace nestwalk::arm64 {
namespace {

// What an operation names, what it removes, and where it stands among SYS instructions.
enum class Selects : std::uint8_t { everything, asid, va_and_asid, va, ipa };
enum Traits : unsigned {
  none = 0,
  leaf_only = 1,     // last-level entries: walk caches stay
  ranged = 2,        // the operand is a range
  second_stage = 4,  // what stage 2 alone has made goes
  every_vmid = 8,
};
struct KindRow {
  TlbiKind kind;
  std::string_view name;
  std::uint8_t el;  // regime: 1 EL1&0, 2 EL2
  Selects selects;
  unsigned traits;
  // SYS fields: op1, and op2 of the local, inner and outer forms (CRm: crm_of).
  std::uint8_t op1, op2[3];

  bool is(Traits trait) const { return (traits & trait) != 0; }
};
using enum Selects;
using K = TlbiKind;
constexpr KindRow rows[] = {
    {K::vmalle1, "VMALLE1", 1, everything, none, 0, {0, 0, 0}},
    {K::vmalls12e1, "VMALLS12E1", 1, everything, second_stage, 4, {6, 6, 6}},
    {K::alle1, "ALLE1", 1, everything, second_stage | every_vmid, 4, {4, 4, 4}},
    {K::alle2, "ALLE2", 2, everything, none, 4, {0, 0, 0}},
    {K::aside1, "ASIDE1", 1, asid, none, 0, {2, 2, 2}},
    {K::vae1, "VAE1", 1, va_and_asid, none, 0, {1, 1, 1}},
    {K::vale1, "VALE1", 1, va_and_asid, leaf_only, 0, {5, 5, 5}},
    {K::vaae1, "VAAE1", 1, va, none, 0, {3, 3, 3}},
    {K::vaale1, "VAALE1", 1, va, leaf_only, 0, {7, 7, 7}},
    {K::vae2, "VAE2", 2, va_and_asid, none, 4, {1, 1, 1}},
    {K::vale2, "VALE2", 2, va_and_asid, leaf_only, 4, {5, 5, 5}},
    {K::ipas2e1, "IPAS2E1", 1, ipa, second_stage, 4, {1, 1, 0}},
    {K::ipas2le1, "IPAS2LE1", 1, ipa, leaf_only | second_stage, 4, {5, 5, 4}},
    {K::rvae1, "RVAE1", 1, va_and_asid, ranged, 0, {1, 1, 1}},
    {K::rvale1, "RVALE1", 1, va_and_asid, leaf_only | ranged, 0, {5, 5, 5}},
    {K::rvaae1, "RVAAE1", 1, va, ranged, 0, {3, 3, 3}},
    {K::rvaale1, "RVAALE1", 1, va, leaf_only | ranged, 0, {7, 7, 7}},
    {K::rvae2, "RVAE2", 2, va_and_asid, ranged, 4, {1, 1, 1}},
    {K::rvale2, "RVALE2", 2, va_and_asid, leaf_only | ranged, 4, {5, 5, 5}},
    {K::ripas2e1, "RIPAS2E1", 1, ipa, ranged | second_stage, 4, {2, 2, 3}},
    {K::ripas2le1, "RIPAS2LE1", 1, ipa, leaf_only | ranged | second_stage, 4, {6, 6, 7}},
};

// CRm of the local, inner and outer forms.
unsigned crm_of(const KindRow& kind, unsigned scope) {
  constexpr std::uint8_t plain[] = {7, 3, 1}, by_range[] = {6, 2, 5}, by_ipa[] = {4, 0, 4};
  return kind.selects == ipa ? by_ipa[scope] : kind.is(ranged) ? by_range[scope] : plain[scope];
}

const KindRow& row_of(TlbiKind kind) { return rows[static_cast<unsigned>(kind)]; }

// The regime whose entries go: with {E2H, TGE} = {1, 1} EL2's own "E1" operations mean EL2&0.
Regime regime_of(const KindRow& kind, const Registers& regs, std::uint8_t el,
                 const Features& features) {
  const Hcr hcr{regs.hcr_el2};
  const bool e2h = features.vhe && hcr.e2h();
  if (kind.el == 2) return e2h ? Regime::el2_0 : Regime::el2;
  return el == 2 && e2h && hcr.tge() && !kind.is(second_stage) ? Regime::el2_0 : Regime::el1_0;
}

// Whether the tables of that regime (or of stage 2) hold 52-bit addresses with 4K and 16K.
bool uses_lpa2(const KindRow& kind, Regime regime, const Registers& regs,
               const Features& features) {
  if (!features.lpa2) return false;
  if (kind.selects == ipa) return Vtcr{regs.vtcr_el2}.ds();
  if (regime == Regime::el1_0) return Tcr{regs.tcr_el1}.ds();
  return regime == Regime::el2_0 ? Tcr{regs.tcr_el2}.ds() : TcrEl2{regs.tcr_el2}.ds();
}

}  // namespace

TlbiEffect tlbi(const TlbiOperation& op, std::uint64_t operand, const Registers& regs,
                std::uint8_t el, const Features& features, const Knobs& knobs) {
  using Walks = Invalidation::Walks;
  const KindRow& kind = row_of(op.kind);
  NW_CHECK(!kind.is(ranged) || features.tlb_range, "TLBI {} is not implemented", name(op));
  const Regime regime = regime_of(kind, regs, el, features);
  TlbiEffect effect{op.scope, {}};
  if (el == 1 && op.scope == TlbiScope::local && Hcr{regs.hcr_el2}.fb())
    effect.scope = TlbiScope::inner;

  Invalidation what;
  what.regime = static_cast<std::uint16_t>(regime);
  if (regime == Regime::el1_0 && !kind.is(every_vmid)) what.vm = current_vmid(regs, features);
  const bool by_address = kind.selects == va || kind.selects == va_and_asid || kind.selects == ipa;
  const bool keeps_walks = kind.is(leaf_only) && knobs.tlbi_strict;
  const Walks walks = keeps_walks ? Walks::none : by_address ? Walks::path : Walks::all;
  if (kind.selects == ipa && !knobs.tlbi_strict) {  // combined entries have no IPA to go by
    Invalidation combined = what;
    combined.final_entries = true;
    combined.stage1_walks = Walks::all;
    effect.what.push_back(combined);
  }
  if (kind.selects != ipa) {
    what.final_entries = true;
    what.stage1_walks = walks;
  }
  if (kind.is(second_stage)) {
    what.second_stage = true;
    what.stage2_walks = walks;
  }
  // EL2 has no ASIDs: its entries are global and its operands name none.
  const bool has_asid = kind.selects == asid || kind.selects == va_and_asid;
  if (has_asid && regime != Regime::el2) what.space = operand_asid(operand, features);
  what.globals = kind.selects != asid;

  if (by_address) {
    const bool lpa2 = uses_lpa2(kind, regime, regs, features);
    const bool is_va = kind.selects != ipa;
    const std::optional<TlbiTarget> target = kind.is(ranged)
                                                 ? range_operand(operand, is_va, lpa2, features)
                                                 : address_operand(operand, is_va, lpa2, features);
    if (!target) return effect;
    (is_va ? what.va : what.ipa) = target->range;
    if (knobs.wrong_ttl_keeps) what.size_lg2 = target->leaf_lg2;
  }
  effect.what.push_back(what);
  return effect;
}

std::optional<TlbiOperation> parse_tlbi(std::string_view text) {
  TlbiOperation op;
  if (text.ends_with("NXS")) {
    op.nxs = true;
    text.remove_suffix(3);
  }
  if (text.ends_with("IS") || text.ends_with("OS")) {
    op.scope = text.ends_with("IS") ? TlbiScope::inner : TlbiScope::outer;
    text.remove_suffix(2);
  }
  const auto* found = std::find_if(std::begin(rows), std::end(rows),
                                   [&](const KindRow& row) { return row.name == text; });
  if (found == std::end(rows)) return std::nullopt;
  op.kind = found->kind;
  return op;
}

std::string name(const TlbiOperation& op) {
  static constexpr std::string_view suffixes[] = {"", "IS", "OS"};
  std::string text(row_of(op.kind).name);
  text += suffixes[static_cast<unsigned>(op.scope)];
  return op.nxs ? text + "NXS" : text;
}

std::optional<TlbiOperation> decode_tlbi(unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
  if (crn != 8 && crn != 9) return std::nullopt;
  for (const KindRow& row : rows)
    for (unsigned scope = 0; scope < 3; ++scope)
      if (row.op1 == op1 && crm_of(row, scope) == crm && row.op2[scope] == op2)
        return TlbiOperation{row.kind, static_cast<TlbiScope>(scope), crn == 9};
  return std::nullopt;
}

std::vector<TlbiKind> all_tlbi_kinds() {
  std::vector<TlbiKind> kinds;
  for (const KindRow& row : rows) kinds.push_back(row.kind);
  return kinds;
}

bool is_range(TlbiKind kind) { return row_of(kind).is(ranged); }

}  // namespace nestwalk::arm64
