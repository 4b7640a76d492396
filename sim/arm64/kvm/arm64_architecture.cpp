#include "arm64/kvm/arm64_architecture.h"

#include <fmt/format.h>

#include "arm64/bbm_watch.h"
#include "arm64/build.h"
#include "arm64/kvm/stage2_fault.h"
#include "arm64/tlbi.h"
#include "arm64/tlbi_operand.h"
#include "common/base/bits.h"

namespace nestwalk::arm64 {

std::unique_ptr<PageTables> Arm64Architecture::make_stage1(TableIo& io) const {
  return build_guest_tables(*build_engine(spec_), io, spec_.stage1->contiguous);
}

std::unique_ptr<PageTables> Arm64Architecture::make_stage2(TableIo& io) const {
  return build_host_tables(*build_engine(spec_), io, spec_.stage2->contiguous);
}

std::unique_ptr<TranslationEngine> Arm64Architecture::make_engine(std::uint64_t stage2_root) const {
  std::unique_ptr<Engine> engine = build_engine(spec_);
  if (has_stage2()) use_host_tables(*engine, stage2_root);
  return engine;
}

std::unique_ptr<HostFaultPath> Arm64Architecture::make_host_fault_path(
    const CostTable& costs) const {
  return std::make_unique<Stage2FaultPath>(
      costs, spec_.features.fwb ? Coherency::forced_write_back : Coherency::cleaning);
}

// Linux 6.12 arch/arm64/include/asm/tlbflush.h: one leaf by VAE1IS, a row of leaves by one RVAE1IS
// where the processor has it (__flush_tlb_range_op), an address space by ASIDE1IS, everything of
// the guest by VMALLE1IS; the host drops everything by ALLE1IS.
FlushSequence Arm64Architecture::after_unmap(UnmapInvalidation kind, Tag tag,
                                             const UnmappedBlock& block) const {
  FlushSequence sequence;
  const Registers registers = build_registers(spec_);
  const auto issue = [&](TlbiKind operation, std::uint64_t operand, std::uint8_t el) {
    const TlbiEffect effect = tlbi({operation, TlbiScope::inner, false}, operand, registers, el,
                                   spec_.features, spec_.knobs);
    sequence.what.insert(sequence.what.end(), effect.what.begin(), effect.what.end());
    ++sequence.instructions;
  };
  switch (kind) {
    case UnmapInvalidation::address:
      if (block.leaf_lg2 != block.size_lg2 && spec_.features.tlb_range) {
        const Granule granule = spec_.stage1->granule;
        issue(TlbiKind::rvae1,
              make_range_operand(block.base.value, block.size_lg2 - row(granule).lg2, granule,
                                 tag.space, Tcr{registers.tcr_el1}.ds()),
              1);
        break;
      }
      for (std::uint64_t at = 0; at < one(block.size_lg2); at += one(block.leaf_lg2))
        issue(TlbiKind::vae1, make_address_operand(block.base.value + at, tag.space, 0), 1);
      break;
    case UnmapInvalidation::space:
      issue(TlbiKind::aside1, std::uint64_t{tag.space} << 48, 1);
      break;
    case UnmapInvalidation::vm:
      issue(TlbiKind::vmalle1, 0, 1);
      break;
    case UnmapInvalidation::all:
      issue(TlbiKind::alle1, 0, 2);
      break;
  }
  return sequence;
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
