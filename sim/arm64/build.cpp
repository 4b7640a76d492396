#include "arm64/build.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/paging/edited_tables.h"

namespace nestwalk::arm64 {
namespace {

constexpr unsigned tg0_codes[] = {0, 2, 1};  // by Granule: 4K, 16K, 64K
constexpr unsigned tg1_codes[] = {2, 1, 3};
constexpr std::uint64_t normal_write_back = 0xff;

unsigned tg0_of(Granule granule) { return tg0_codes[static_cast<unsigned>(granule)]; }

// 52-bit addresses with 4K and 16K need the DS layout of descriptors.
bool wants_ds(Granule granule, unsigned address_bits) {
  return granule != Granule::k64 && address_bits > 48;
}

// The intermediate address size that stage 1 puts out.
unsigned ipa_bits(const TranslationSpec& spec) {
  return spec.stage2 ? spec.stage2->ipa_bits : spec.features.pa_bits;
}
bool stage1_ds(const TranslationSpec& spec) {
  const Granule granule = spec.stage1->granule;
  return spec.features.lpa2 && wants_ds(granule, std::max(spec.stage1->va_bits, ipa_bits(spec)));
}
bool stage2_ds(const TranslationSpec& spec) {
  const unsigned pa_bits = spec.features.pa_bits;
  return spec.features.lpa2 &&
         wants_ds(spec.stage2->granule, std::max(spec.stage2->ipa_bits, pa_bits));
}

// The level where stage 2 begins, with as few levels as at most 16 concatenated tables allow.
int lowest_start_level(const GranuleRow& granule, unsigned bits) {
  int height = 0;
  while (bits > granule.span_lg2(height) + 4) ++height;
  return level_of(height);
}
int start_level(const TranslationSpec& spec) {
  const Stage2Spec& s2 = *spec.stage2;
  if (s2.start_level) return *s2.start_level;
  int level = lowest_start_level(row(s2.granule), s2.ipa_bits);
  // A 4K start at level 3 takes FEAT_TTST; one level more serves as well.
  if (level == 3 && s2.granule == Granule::k4 && !spec.features.ttst) level = 2;
  return level;
}

// VTCR_EL2.{SL2, SL0} for a start level.
std::uint64_t sl_bits(Granule granule, int level) {
  if (granule != Granule::k4) return static_cast<std::uint64_t>(3 - level) << 6;
  if (level == -1) return one(33);
  return (level == 3 ? std::uint64_t{3} : static_cast<std::uint64_t>(2 - level)) << 6;
}

std::uint64_t tcr_of(const TranslationSpec& spec) {
  const Stage1Spec& s1 = *spec.stage1;
  const std::uint64_t txsz = 64 - s1.va_bits;
  std::uint64_t tcr = txsz | txsz << 16 | std::uint64_t{tg0_of(s1.granule)} << 14 |
                      std::uint64_t{tg1_codes[static_cast<unsigned>(s1.granule)]} << 30 | one(23) |
                      std::uint64_t{ps_for(ipa_bits(spec))} << 32;
  if (spec.features.asid16) tcr |= one(36);
  if (s1.top_byte_ignored) tcr |= one(37) | one(38);
  if (s1.hardware_access_flag) tcr |= one(39);
  if (s1.hardware_dirty) tcr |= one(40);
  if (stage1_ds(spec)) tcr |= one(59);
  return tcr;
}

std::uint64_t vtcr_of(const TranslationSpec& spec) {
  const Stage2Spec& s2 = *spec.stage2;
  std::uint64_t vtcr = one(31) | (64 - s2.ipa_bits) | std::uint64_t{tg0_of(s2.granule)} << 14 |
                       std::uint64_t{ps_for(spec.features.pa_bits)} << 16 |
                       sl_bits(s2.granule, start_level(spec));
  if (spec.features.vmid16) vtcr |= one(19);
  if (s2.hardware_access_flag) vtcr |= one(21);
  if (s2.hardware_dirty) vtcr |= one(22);
  if (stage2_ds(spec)) vtcr |= one(32);
  return vtcr;
}

// The root of tables as the BADDR field of a TTBR or VTTBR.
std::uint64_t base_field(std::uint64_t root) {
  return (root & low_mask(48)) | bits(root, 51, 48) << 2;
}

std::string stage_problem(unsigned stage, const TableGeometry& tables, unsigned wanted_bits,
                          std::string_view what) {
  if (tables.refused == FaultCause::none && tables.input_bits == wanted_bits) return {};
  return fmt::format("stage {}: {} of {} bits are not legal with the {} granule here", stage, what,
                     wanted_bits, tables.granule.name);
}

}  // namespace

std::string why_illegal(const TranslationSpec& spec) {
  const auto in_range = [](unsigned bits) { return bits >= 16 && bits <= 52; };
  if (spec.stage1 && !in_range(spec.stage1->va_bits)) return "va_bits must be 16 to 52";
  if (spec.stage2 && !in_range(spec.stage2->ipa_bits)) return "ipa_bits must be 16 to 52";
  if (spec.stage2 && spec.stage2->start_level &&
      (*spec.stage2->start_level < -1 || *spec.stage2->start_level > 3))
    return "start_level must be -1 to 3";
  Knobs strict = spec.knobs;
  strict.txsz_below_min = strict.txsz_above_max = Knobs::TxSz::fault;
  const TranslationState state =
      decode_state(build_registers(spec), {.el = 0}, spec.features, strict);
  const auto implemented = [](Granule g, const std::array<bool, 3>& has) {
    return has[static_cast<unsigned>(g)];
  };
  if (spec.stage1) {
    if (!implemented(spec.stage1->granule, spec.features.stage1_granules))
      return "stage 1: this processor does not implement the granule";
    const std::string problem =
        stage_problem(1, state.halves[0].geometry(), spec.stage1->va_bits, "virtual addresses");
    if (!problem.empty()) return problem;
  }
  if (!spec.stage2) return {};
  if (!implemented(spec.stage2->granule, spec.features.stage2_granules))
    return "stage 2: this processor does not implement the granule";
  const std::string problem =
      stage_problem(2, state.stage2.geometry(), spec.stage2->ipa_bits, "intermediate addresses");
  if (problem.empty()) return {};
  return fmt::format("{} from start level {} with {} physical address bits", problem,
                     start_level(spec), spec.features.pa_bits);
}

Registers build_registers(const TranslationSpec& spec) {
  Registers regs;
  regs.mair_el1 = regs.mair_el2 = normal_write_back;
  regs.hcr_el2 = one(31);
  if (spec.stage1) {
    regs.sctlr_el1 = 1;
    regs.tcr_el1 = tcr_of(spec);
  }
  if (spec.stage2) {
    regs.hcr_el2 |= 1;
    regs.vtcr_el2 = vtcr_of(spec);
    regs.vttbr_el2 = std::uint64_t{spec.stage2->vmid} << 48;
  }
  return regs;
}

std::unique_ptr<Engine> build_engine(const TranslationSpec& spec) {
  const std::string problem = why_illegal(spec);
  NW_CHECK(problem.empty(), "{}", problem);
  return std::make_unique<Engine>(spec.features, spec.knobs, build_registers(spec));
}

std::unique_ptr<PageTables> build_guest_tables(const Engine& engine, TableIo& io, bool contiguous) {
  NW_CHECK(engine.state().stage1_on, "stage 1 is off");
  return std::make_unique<EditedTables<Stage1Format>>(engine.state().halves[0], io, contiguous);
}

std::unique_ptr<PageTables> build_host_tables(const Engine& engine, TableIo& io, bool contiguous) {
  NW_CHECK(engine.state().stage2_on, "stage 2 is off");
  return std::make_unique<EditedTables<Stage2Format>>(engine.state().stage2, io, contiguous);
}

void use_host_tables(Engine& engine, std::uint64_t root) {
  Registers regs = engine.registers();
  regs.vttbr_el2 = (regs.vttbr_el2 & field_mask(63, 48)) | base_field(root);
  engine.set_registers(regs);
}

}  // namespace nestwalk::arm64
