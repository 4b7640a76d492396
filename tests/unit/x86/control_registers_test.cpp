// Writes to control registers: what is refused and what follows.
#include <doctest/doctest.h>

#include "x86/control_registers.h"

namespace nestwalk::x86 {
namespace {

const Cpu cpu;
const VirtualMachine host;

Registers long_mode() {
  Registers registers;
  registers.cr0 = one(cr0_pe) | one(cr0_pg);
  registers.cr4 = one(cr4_pae);
  registers.efer = one(efer_lme) | one(efer_lma);
  registers.cr3 = 0x1000;
  return registers;
}

bool refused(const RegisterWrite& write) { return write.general_protection; }

}  // namespace

TEST_CASE("A-9: LA57 and PAE cannot change in long mode") {
  const Registers registers = long_mode();
  CHECK(refused(write_cr4(registers, registers.cr4 | one(cr4_la57), cpu, host)));
  CHECK(refused(write_cr4(registers, registers.cr4 & ~one(cr4_pae), cpu, host)));
  Registers legacy = registers;
  legacy.efer = 0;
  CHECK_FALSE(refused(write_cr4(legacy, legacy.cr4 | one(cr4_la57), cpu, host)));
  CHECK_FALSE(refused(write_cr4(legacy, legacy.cr4 & ~one(cr4_pae), cpu, host)));
}

TEST_CASE("A-79: changing PAE drops everything of the current PCID, globals too") {
  Registers legacy = long_mode();
  legacy.efer = 0;
  for (const std::uint64_t from : {std::uint64_t{0}, one(cr4_pae)}) {
    legacy.cr4 = from;
    const auto dropped = write_cr4(legacy, from ^ one(cr4_pae), cpu, host).invalidations;
    REQUIRE(dropped.size() == 1);
    CHECK(dropped[0].space == std::uint16_t{0});
    CHECK(dropped[0].globals);
    CHECK(dropped[0].final_entries);
    CHECK(dropped[0].stage1_walks == Invalidation::Walks::all);
  }
  for (const unsigned other : {cr4_pse, cr4_smap, cr4_pke, cr4_pks})
    CHECK(write_cr4(legacy, legacy.cr4 ^ one(other), cpu, host).invalidations.empty());
}

TEST_CASE("CR4.PCIDE needs long mode and PCID 0") {
  Registers registers = long_mode();
  CHECK_FALSE(refused(write_cr4(registers, registers.cr4 | one(cr4_pcide), cpu, host)));
  registers.cr3 |= 5;
  CHECK(refused(write_cr4(registers, registers.cr4 | one(cr4_pcide), cpu, host)));
  Registers legacy = registers;
  legacy.cr3 = 0x1000;
  legacy.efer = 0;
  CHECK(refused(write_cr4(legacy, legacy.cr4 | one(cr4_pcide), cpu, host)));
}

TEST_CASE("CR3 bits above MAXPHYADDR, and bit 63 without PCIDs, are refused") {
  Registers registers = long_mode();
  CHECK(refused(write_cr3(registers, one(46), cpu, host)));
  CHECK(refused(write_cr3(registers, 0x1000 | one(63), cpu, host)));
  registers.cr4 |= one(cr4_pcide);
  const RegisterWrite kept = write_cr3(registers, 0x2007 | one(63), cpu, host);
  CHECK_FALSE(refused(kept));
  CHECK(kept.after.cr3 == 0x2007);
  CHECK(kept.after.pcid() == 7);
  CHECK(kept.invalidations.empty());
}

TEST_CASE("CR0: paging needs protection, long mode needs PAE, NW needs CD") {
  Registers registers = long_mode();
  CHECK(refused(write_cr0(registers, one(cr0_pg), cpu, host)));
  CHECK(refused(write_cr0(registers, registers.cr0 | one(cr0_nw), cpu, host)));
  Registers off = registers;
  off.cr0 = one(cr0_pe);
  off.efer = one(efer_lme);
  const RegisterWrite on = write_cr0(off, registers.cr0, cpu, host);
  CHECK_FALSE(refused(on));
  CHECK(on.after.paging_kind() == PagingKind::four_level);
  off.cr4 = 0;
  CHECK(refused(write_cr0(off, registers.cr0, cpu, host)));
  registers.cr4 |= one(cr4_pcide);
  CHECK(refused(write_cr0(registers, one(cr0_pe), cpu, host)));
}

TEST_CASE("A-80: turning paging off leaves long mode") {
  const RegisterWrite off = write_cr0(long_mode(), one(cr0_pe), cpu, host);
  CHECK_FALSE(refused(off));
  CHECK_FALSE(off.after.long_mode());
  CHECK(off.invalidations.size() == 1);
}

TEST_CASE("EFER: LME is fixed while paging is on, LMA is the processor's") {
  const Registers registers = long_mode();
  CHECK(refused(write_efer(registers, registers.efer & ~one(efer_lme))));
  const RegisterWrite write = write_efer(registers, one(efer_lme) | one(efer_nxe));
  CHECK_FALSE(refused(write));
  CHECK(write.after.efer == (one(efer_lme) | one(efer_lma) | one(efer_nxe)));
}

TEST_CASE("A-7: who loads PDPTEs") {
  Registers pae = long_mode();
  pae.efer = 0;
  CHECK(write_cr3(pae, 0x2000, cpu, host).loads_pdptes);
  CHECK_FALSE(write_cr3(long_mode(), 0x2000, cpu, host).loads_pdptes);
  CHECK(task_switch_cr3(pae, 0x2000, cpu, host).loads_pdptes);
  CHECK_FALSE(task_switch_cr3(pae, pae.cr3, cpu, host).loads_pdptes);
  VirtualMachine nested;
  nested.paging = VirtualMachine::Paging::npt;
  CHECK_FALSE(write_cr3(pae, 0x2000, cpu, nested).loads_pdptes);
  CHECK(write_cr0(pae, pae.cr0 | one(cr0_cd), cpu, host).loads_pdptes);
  CHECK(write_cr4(pae, pae.cr4 | one(cr4_pse), cpu, host).loads_pdptes);
  CHECK_FALSE(write_cr4(pae, pae.cr4 & ~one(cr4_pae), cpu, host).loads_pdptes);
}

TEST_CASE("A-81: a task switch flushes as MOV CR3 does, unless CR3 stays") {
  Registers registers = long_mode();
  registers.efer = 0;
  const auto flushed = task_switch_cr3(registers, 0x2000, cpu, host).invalidations;
  REQUIRE(flushed.size() == 1);
  CHECK_FALSE(flushed[0].globals);
  CHECK(flushed[0].space == std::uint16_t{0});
  CHECK(task_switch_cr3(registers, registers.cr3, cpu, host).invalidations.empty());
}

}  // namespace nestwalk::x86
