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

// Linux 6.12 arch/x86/mm/tlb.c: one page by INVLPG, an address space by its PCID, everything of the
// guest by INVPCID type 2; the host drops everything by INVEPT and INVVPID.
std::vector<Invalidation> X86Architecture::after_unmap(UnmapInvalidation kind, Tag tag,
                                                       Va page) const {
  const std::unique_ptr<Engine> engine = build_engine(spec_, ids_);
  Registers registers = engine->registers();
  registers.cr3 = tag.space;
  const Descriptor space{tag.space, page.value};
  switch (kind) {
    case UnmapInvalidation::address:
      return invlpg(page, registers, engine->vm(), spec_.cpu).invalidations;
    case UnmapInvalidation::space:
      return invpcid(1, space, registers, engine->vm()).invalidations;
    case UnmapInvalidation::vm:
      return invpcid(2, space, registers, engine->vm()).invalidations;
    case UnmapInvalidation::all:
      break;
  }
  auto list = invpcid(2, space, registers, engine->vm()).invalidations;
  if (!has_stage2()) return list;
  for (const auto& more : {invept(2, {}, spec_.cpu, *ids_), invvpid(2, {}, registers)})
    list.insert(list.end(), more.invalidations.begin(), more.invalidations.end());
  return list;
}

}  // namespace nestwalk::x86
