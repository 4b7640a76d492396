#include "x86/control_registers.h"

#include "x86/scopes.h"

namespace nestwalk::x86 {
namespace {

RegisterWrite refused(const Registers& before) { return {true, false, before, {}}; }

bool uses_pdpte_registers(const Registers& registers, const Cpu& cpu, const VirtualMachine& vm) {
  return registers.paging_kind() == PagingKind::pae && !pdptes_in_memory(cpu, vm);
}

}  // namespace

RegisterWrite write_cr0(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm) {
  RegisterWrite write{false, false, before, {}};
  write.after.cr0 = value;
  const bool paging = bit(value, cr0_pg);
  if ((paging && !bit(value, cr0_pe)) || (bit(value, cr0_nw) && !bit(value, cr0_cd)))
    return refused(before);
  if (paging && !before.paging() && bit(before.efer, efer_lme)) {
    if (!before.pae()) return refused(before);
    write.after.efer |= one(efer_lma);
  }
  if (!paging && before.paging()) {
    if (before.pcide()) return refused(before);
    write.after.efer &= ~one(efer_lma);
    write.invalidations.push_back(all_of_vm(vm.id));
  }
  constexpr std::uint64_t reloading = one(cr0_cd) | one(cr0_nw) | one(cr0_pg);
  write.loads_pdptes =
      uses_pdpte_registers(write.after, cpu, vm) && ((before.cr0 ^ value) & reloading);
  return write;
}

RegisterWrite write_cr3(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm) {
  RegisterWrite write{false, false, before, {}};
  const bool keep = before.pcide() && bit(value, 63);
  if (before.pcide()) value &= ~one(63);
  if (before.long_mode() && (value & field_mask(63, cpu.maxphyaddr))) return refused(before);
  write.after.cr3 = value;
  write.loads_pdptes = uses_pdpte_registers(write.after, cpu, vm);
  if (!keep) write.invalidations.push_back(non_global_of_pcid(vm.id, write.after.pcid()));
  return write;
}

RegisterWrite write_cr4(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm) {
  RegisterWrite write{false, false, before, {}};
  write.after.cr4 = value;
  const std::uint64_t changed = before.cr4 ^ value;
  const bool pcide_set = bit(changed & value, cr4_pcide);
  const bool pcide_cleared = bit(changed & before.cr4, cr4_pcide);
  if (before.long_mode() && (changed & (one(cr4_pae) | one(cr4_la57)))) return refused(before);
  if (pcide_set && (!before.long_mode() || bits(before.cr3, 11, 0) != 0)) return refused(before);
  const bool smep_set = bit(changed & value, cr4_smep);
  if (bit(changed, cr4_pge) || pcide_cleared)
    write.invalidations.push_back(all_of_vm(vm.id));
  else if (bit(changed, cr4_pae) || smep_set)
    write.invalidations.push_back(all_of_pcid(vm.id, before.pcid()));
  constexpr std::uint64_t reloading = one(cr4_pae) | one(cr4_pge) | one(cr4_pse) | one(cr4_smep);
  write.loads_pdptes = uses_pdpte_registers(write.after, cpu, vm) && (changed & reloading);
  return write;
}

RegisterWrite write_efer(const Registers& before, std::uint64_t value) {
  RegisterWrite write{false, false, before, {}};
  const std::uint64_t changed = before.efer ^ value;
  if (before.paging() && bit(changed, efer_lme)) return refused(before);
  // LMA is the processor's: LME and paging.
  write.after.efer = (value & ~one(efer_lma)) | (before.efer & one(efer_lma));
  return write;
}

RegisterWrite task_switch_cr3(const Registers& before, std::uint64_t value, const Cpu& cpu,
                              const VirtualMachine& vm) {
  RegisterWrite write{false, false, before, {}};
  if (value == before.cr3) return write;
  write.after.cr3 = value;
  write.loads_pdptes = uses_pdpte_registers(write.after, cpu, vm);
  write.invalidations.push_back(non_global_of_pcid(vm.id, 0));
  return write;
}

}  // namespace nestwalk::x86
