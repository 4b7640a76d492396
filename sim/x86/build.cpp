#include "x86/build.h"

#include "common/base/check.h"
#include "common/paging/edited_tables.h"

namespace nestwalk::x86 {
namespace {

using Paging = VirtualMachine::Paging;

// CR0, CR4 and EFER of an operating system that uses this paging mode.
Registers mode_registers(PagingKind kind) {
  Registers registers;
  registers.cr0 = one(cr0_pe) | one(cr0_wp);
  if (kind == PagingKind::off) return registers;
  registers.cr0 |= one(cr0_pg);
  registers.cr4 = one(cr4_pse) | one(cr4_pge);
  if (kind == PagingKind::two_level) return registers;
  registers.cr4 |= one(cr4_pae);
  registers.efer = one(efer_nxe);
  if (kind == PagingKind::pae) return registers;
  registers.efer |= one(efer_lme) | one(efer_lma);
  if (kind == PagingKind::five_level) registers.cr4 |= one(cr4_la57);
  return registers;
}

Registers guest_registers(const TranslationSpec& spec) {
  Registers registers = mode_registers(spec.guest);
  if (spec.pcid && registers.long_mode()) registers.cr4 |= one(cr4_pcide);
  if (spec.smep && registers.paging()) registers.cr4 |= one(cr4_smep);
  if (spec.smap && registers.paging()) registers.cr4 |= one(cr4_smap);
  return registers;
}

VirtualMachine virtual_machine(const TranslationSpec& spec) {
  VirtualMachine vm;
  vm.paging = spec.host;
  if (spec.host == Paging::none) return vm;
  vm.id = spec.vm;
  if (spec.host == Paging::ept) {
    const bool five = spec.host_kind == PagingKind::five_level;
    NW_CHECK(five || spec.host_kind == PagingKind::four_level, "EPT has 4 or 5 levels");
    vm.eptp = make_eptp(0, five ? 5 : 4, spec.ept_accessed_dirty).raw;
    vm.mode_based_execute = spec.mode_based_execute;
  } else {
    NW_CHECK(spec.host_kind != PagingKind::off, "nested paging needs a host that pages");
    vm.host = mode_registers(spec.host_kind);
  }
  return vm;
}

}  // namespace

std::unique_ptr<Engine> build_engine(const TranslationSpec& spec, std::shared_ptr<Ep4taIds> ids) {
  auto engine = std::make_unique<Engine>(spec.cpu, std::move(ids));
  engine->set(guest_registers(spec), virtual_machine(spec));
  return engine;
}

std::unique_ptr<PageTables> build_guest_tables(const Engine& engine, TableIo& io) {
  NW_CHECK(engine.registers().paging(), "a guest without paging has no tables");
  const Registers& registers = engine.registers();
  const GuestFormat format(registers.paging_kind(), true, 0, registers, engine.cpu(), {});
  auto tables = std::make_unique<EditedTables<GuestFormat>>(format, io);
  if (format.kind() != PagingKind::pae) return tables;
  // As kernels do in PAE mode: all four page directories exist from the start, because the
  // processor would not see a PDPTE added later.
  constexpr unsigned large_lg2 = 21;
  for (std::uint64_t gib = 0; gib < 4; ++gib) {
    tables->map(gib * GiB, 0, large_lg2, {}, io);
    tables->unmap(gib * GiB, io);
  }
  return tables;
}

std::unique_ptr<PageTables> build_host_tables(const Engine& engine, TableIo& io) {
  switch (engine.vm().paging) {
    case Paging::none:
      break;
    case Paging::ept:
      return std::make_unique<EditedTables<EptFormat>>(engine.ept_format(), io);
    case Paging::npt:
      return std::make_unique<EditedTables<NptFormat>>(engine.npt_format(), io);
  }
  NW_CHECK(false, "no second stage is configured");
}

void use_host_tables(Engine& engine, std::uint64_t root) {
  VirtualMachine vm = engine.vm();
  if (vm.paging == Paging::ept) {
    const Eptp shape{vm.eptp};
    vm.eptp = make_eptp(root, shape.levels(), shape.accessed_dirty()).raw;
    NW_CHECK(!eptp_error(Eptp{vm.eptp}, engine.cpu()), "EPT pointer {:#x}", vm.eptp);
  } else {
    NW_CHECK(vm.paging == Paging::npt, "no second stage is configured");
    vm.ncr3 = root;
  }
  engine.set(engine.registers(), vm);
}

}  // namespace nestwalk::x86
