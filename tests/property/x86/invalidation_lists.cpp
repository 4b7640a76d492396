#include "property/x86/invalidation_lists.h"

#include "x86/engine.h"
#include "x86/implicit_invalidation.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86::test {
namespace {

using Kind = Operation::Kind;

unsigned type_of(Kind kind, Kind first) {
  return static_cast<unsigned>(kind) - static_cast<unsigned>(first);
}

std::vector<Invalidation> of_register_write(const Operation& op, const Executor& e) {
  const Registers& now = e.registers;
  const auto cr4 = [&](std::uint64_t value) {
    return write_cr4(now, value, e.cpu, e.vm).invalidations;
  };
  const std::uint64_t table = now.cr3 & ~low_mask(12);
  switch (op.kind) {
    case Kind::mov_cr3:
      return write_cr3(now, table | op.pcid, e.cpu, e.vm).invalidations;
    case Kind::mov_cr3_keep:
      return write_cr3(now, table | op.pcid | one(63), e.cpu, e.vm).invalidations;
    case Kind::toggle_pge:
      return cr4(now.cr4 ^ one(cr4_pge));
    case Kind::pcide_off:
      return cr4(now.cr4 & ~one(cr4_pcide));
    case Kind::smep_on:
      return cr4(now.cr4 | one(cr4_smep));
    case Kind::smep_off:
      return cr4(now.cr4 & ~one(cr4_smep));
    case Kind::task_switch:
      return task_switch_cr3(now, now.cr3 + 0x1000, e.cpu, e.vm).invalidations;
    default: {  // PG may be cleared only when there are no PCIDs
      Registers before = now;
      before.cr4 &= ~one(cr4_pcide);
      return write_cr0(before, now.cr0 & ~one(cr0_pg), e.cpu, e.vm).invalidations;
    }
  }
}

}  // namespace

std::vector<Invalidation> invalidations_of(const Operation& op, Executor& e) {
  const Va va{op.linear};
  const CurrentTag now = e.now();
  const bool second_stage = e.vm.paging != VirtualMachine::Paging::none;
  const Tag tag{now.pcid, now.vm, now.root, second_stage ? regime_second_stage : regime_linear};
  switch (op.kind) {
    using enum Operation::Kind;
    case invlpg:
      return x86::invlpg(va, e.registers, e.vm, e.cpu).invalidations;
    case invpcid_0:
    case invpcid_1:
    case invpcid_2:
    case invpcid_3:
      return invpcid(type_of(op.kind, invpcid_0), {op.pcid, op.linear}, e.registers, e.vm)
          .invalidations;
    case page_fault:
      return page_fault_invalidation(va, tag);
    case ept_violation:
      return ept_violation_invalidation(Ipa{op.guest_physical}, va, tag);
    case transition_without_vpid:
      return vm_transition(false);
    case transition_with_vpid:
      return vm_transition(true);
    case invvpid_0:
    case invvpid_1:
    case invvpid_2:
    case invvpid_3:
      return invvpid(type_of(op.kind, invvpid_0), {op.vm, op.linear}, e.registers).invalidations;
    case invept_1:
      return invept(1, {e.eptps.at(op.root - 1u), 0}, e.cpu, e.ids).invalidations;
    case invept_2:
      return invept(2, {}, e.cpu, e.ids).invalidations;
    case invlpga:
      return x86::invlpga(va, op.vm, e.registers).invalidations;
    case vmrun_all:
      return vmrun_invalidation(TlbControl::all_asids, op.vm);
    case vmrun_this:
      return vmrun_invalidation(TlbControl::this_asid, op.vm);
    case vmrun_this_non_global:
      return vmrun_invalidation(TlbControl::this_asid_non_global, op.vm);
    default:
      return of_register_write(op, e);
  }
}

}  // namespace nestwalk::x86::test
