#include "x86/tlb_instructions.h"

#include "common/base/bits.h"
#include "x86/engine.h"
#include "x86/scopes.h"

namespace nestwalk::x86 {
namespace {

using Walks = Invalidation::Walks;

// "Invalid operand to INVEPT/INVVPID" (SDM 31.4).
constexpr std::uint8_t invalid_operand = 28;

TlbInstruction done(Invalidation what) { return {TlbInstruction::Result::done, 0, {what}}; }
TlbInstruction general_protection() { return {TlbInstruction::Result::general_protection, 0, {}}; }
TlbInstruction vm_fail() { return {TlbInstruction::Result::vm_fail, invalid_operand, {}}; }

bool canonical(std::uint64_t address, const Registers& registers) {
  return sign_extend(address, registers.la57() ? 57 : 48) == address;
}

}  // namespace

TlbInstruction invlpg(Va va, const Registers& registers, const VirtualMachine& vm, const Cpu& cpu) {
  if (registers.long_mode() && !canonical(va.value, registers)) return {};
  Invalidation what = all_of_pcid(vm.id, registers.pcid());
  what.va = only(va.value);
  // EFER.TCE restricts it to the upper levels on the path (APM 5.5.3).
  if (cpu.vendor == Vendor::amd && registers.translation_cache_extension())
    what.stage1_walks = Walks::path;
  return done(what);
}

TlbInstruction invpcid(std::uint64_t type, const Descriptor& descriptor, const Registers& registers,
                       const VirtualMachine& vm) {
  if (type > 3 || descriptor.low >> 12) return general_protection();
  const auto pcid = static_cast<std::uint16_t>(descriptor.low);
  const bool names_pcid = type <= 1;
  if (names_pcid && !registers.pcide() && pcid != 0) return general_protection();
  if (type == 0) {
    if (registers.long_mode() && !canonical(descriptor.high, registers))
      return general_protection();
    Invalidation what = non_global_of_pcid(vm.id, pcid);
    what.va = only(descriptor.high);
    what.stage1_walks = Walks::path;
    return done(what);
  }
  if (type == 1) return done(non_global_of_pcid(vm.id, pcid));
  return done(type == 2 ? all_of_vm(vm.id) : non_global_of_vm(vm.id));
}

TlbInstruction invvpid(std::uint64_t type, const Descriptor& descriptor,
                       const Registers& registers) {
  if (type > 3 || descriptor.low >> 16) return vm_fail();
  if (type == 2) {
    Invalidation what = all_of_vm(0);
    what.vm.reset();
    what.except_vm = std::uint16_t{0};
    return done(what);
  }
  const auto vpid = static_cast<std::uint16_t>(descriptor.low);
  if (vpid == 0) return vm_fail();
  if (type == 1) return done(all_of_vm(vpid));
  if (type == 3) return done(non_global_of_vm(vpid));
  if (!canonical(descriptor.high, registers)) return vm_fail();
  Invalidation what = all_of_vm(vpid);
  what.va = only(descriptor.high);
  what.stage1_walks = Walks::path;
  return done(what);
}

TlbInstruction invept(std::uint64_t type, const Descriptor& descriptor, const Cpu& cpu,
                      Ep4taIds& ids) {
  if (type != 1 && type != 2) return vm_fail();
  Invalidation what;
  what.final_entries = what.second_stage = true;
  what.stage1_walks = what.stage2_walks = Walks::all;
  what.regime = regime_second_stage;
  if (type == 1) {
    const Eptp eptp{descriptor.low};
    if (eptp_error(eptp, cpu)) return vm_fail();
    what.root = ids.id_of(eptp);
  }
  return done(what);
}

TlbInstruction invlpga(Va va, std::uint32_t asid, const Registers& registers) {
  if (!registers.svme()) return {TlbInstruction::Result::invalid_opcode, 0, {}};
  Invalidation what = all_of_vm(static_cast<std::uint16_t>(asid));
  what.va = only(va.value);
  if (registers.translation_cache_extension()) what.stage1_walks = Walks::path;
  return done(what);
}

}  // namespace nestwalk::x86
