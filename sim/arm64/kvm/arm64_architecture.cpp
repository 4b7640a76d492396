#include "arm64/kvm/arm64_architecture.h"

#include <fmt/format.h>

#include "arm64/bbm_watch.h"
#include "arm64/build.h"
#include "arm64/kvm/stage2_fault.h"
#include "arm64/tlbi.h"
#include "common/base/bits.h"

namespace nestwalk::arm64 {

std::unique_ptr<PageTables> Arm64Architecture::make_stage1(TableIo& io) const {
  return build_guest_tables(*build_engine(spec_), io);
}

std::unique_ptr<PageTables> Arm64Architecture::make_stage2(TableIo& io) const {
  return build_host_tables(*build_engine(spec_), io);
}

std::unique_ptr<TranslationEngine> Arm64Architecture::make_engine(std::uint64_t stage2_root) const {
  std::unique_ptr<Engine> engine = build_engine(spec_);
  if (has_stage2()) use_host_tables(*engine, stage2_root);
  return engine;
}

std::unique_ptr<HostFaultPath> Arm64Architecture::make_host_fault_path(
    const CostTable& costs) const {
  return std::make_unique<Stage2FaultPath>(costs);
}

// Linux 6.12 arch/arm64/include/asm/tlbflush.h: one page by VAE1IS, an address space by ASIDE1IS,
// everything of the guest by VMALLE1IS; the host drops everything by ALLE1IS.
std::vector<Invalidation> Arm64Architecture::after_unmap(UnmapInvalidation kind, Tag tag,
                                                         Va page) const {
  const auto issue = [&](TlbiKind operation, std::uint64_t operand, std::uint8_t el) {
    return tlbi({operation, TlbiScope::inner, false}, operand, build_registers(spec_), el,
                spec_.features, spec_.knobs)
        .what;
  };
  const std::uint64_t asid = std::uint64_t{tag.space} << 48;
  switch (kind) {
    case UnmapInvalidation::address:
      return issue(TlbiKind::vae1, asid | bits(page.value, 55, 12), 1);
    case UnmapInvalidation::space:
      return issue(TlbiKind::aside1, asid, 1);
    case UnmapInvalidation::vm:
      return issue(TlbiKind::vmalle1, 0, 1);
    case UnmapInvalidation::all:
      break;
  }
  return issue(TlbiKind::alle1, 0, 2);
}

std::unique_ptr<TableWatch> Arm64Architecture::watch_stage1(std::uint16_t space, std::uint64_t root,
                                                            TableReader read) const {
  const TranslationState state = build_engine(spec_)->state();
  Tag tag = state.tag;
  tag.space = space;
  return std::make_unique<BbmTableWatch>(BbmTables::of(state.halves[0], tag, spec_.features), root,
                                         std::move(read),
                                         fmt::format("stage 1 of address space {}", space));
}

std::unique_ptr<TableWatch> Arm64Architecture::watch_stage2(std::uint64_t root,
                                                            TableReader read) const {
  const TranslationState state = build_engine(spec_)->state();
  return std::make_unique<BbmTableWatch>(
      BbmTables::of(state.stage2, state.stage2_tag, spec_.features), root, std::move(read),
      "stage 2");
}

std::uint8_t Arm64Architecture::stage1_granule_lg2() const {
  return static_cast<std::uint8_t>(row(spec_.stage1 ? spec_.stage1->granule : Granule::k4).lg2);
}

std::uint8_t Arm64Architecture::stage2_granule_lg2() const {
  return static_cast<std::uint8_t>(row(spec_.stage2 ? spec_.stage2->granule : Granule::k4).lg2);
}

}  // namespace nestwalk::arm64
