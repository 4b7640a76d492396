#include "x86/kvm/x86_architecture.h"

#include "common/base/bits.h"
#include "x86/build.h"
#include "x86/kvm/tdp_fault.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86 {

X86Architecture::X86Architecture(const TranslationSpec& spec)
    : spec_(spec), ids_(std::make_shared<Ep4taIds>()) {}

std::unique_ptr<PageTables> X86Architecture::make_stage1(TableIo& io) const {
  return build_guest_tables(*build_engine(spec_, ids_), io);
}

std::unique_ptr<PageTables> X86Architecture::make_stage2(TableIo& io) const {
  return build_host_tables(*build_engine(spec_, ids_), io);
}

std::unique_ptr<TranslationEngine> X86Architecture::make_engine(std::uint64_t stage2_root) const {
  std::unique_ptr<Engine> engine = build_engine(spec_, ids_);
  if (has_stage2()) use_host_tables(*engine, stage2_root);
  return engine;
}

std::unique_ptr<HostFaultPath> X86Architecture::make_host_fault_path(const CostTable& costs) const {
  return std::make_unique<TdpFaultPath>(costs);
}

// Linux 6.12 arch/x86/mm/tlb.c: each leaf by INVLPG up to tlb_single_page_flush_ceiling of them,
// more, or an address space, by its PCID, everything of the guest by INVPCID type 2; the host drops
// everything by INVEPT and INVVPID.
FlushSequence X86Architecture::after_unmap(UnmapInvalidation kind, Tag tag,
                                           const UnmappedBlock& block) const {
  constexpr std::uint64_t most_single_pages = 33;
  const std::unique_ptr<Engine> engine = build_engine(spec_, ids_);
  Registers registers = engine->registers();
  registers.cr3 = tag.space;
  FlushSequence sequence;
  const auto issue = [&](const TlbInstruction& effect) {
    sequence.what.insert(sequence.what.end(), effect.invalidations.begin(),
                         effect.invalidations.end());
    ++sequence.instructions;
  };
  const std::uint64_t leaves = one(block.size_lg2 - block.leaf_lg2);
  if (kind == UnmapInvalidation::address && leaves > most_single_pages)
    kind = UnmapInvalidation::space;
  const Descriptor space{tag.space, block.base.value};
  switch (kind) {
    case UnmapInvalidation::address:
      for (std::uint64_t i = 0; i < leaves; ++i)
        issue(invlpg(block.base + (i << block.leaf_lg2), registers, engine->vm(), spec_.cpu));
      break;
    case UnmapInvalidation::space:
      issue(invpcid(1, space, registers, engine->vm()));
      break;
    case UnmapInvalidation::vm:
      issue(invpcid(2, space, registers, engine->vm()));
      break;
    case UnmapInvalidation::all:
      issue(invpcid(2, space, registers, engine->vm()));
      if (!has_stage2()) break;
      issue(invept(2, {}, spec_.cpu, *ids_));
      issue(invvpid(2, {}, registers));
      break;
  }
  return sequence;
}

}  // namespace nestwalk::x86
