// The instructions that invalidate cached translations (SDM vol. 3, 5.10.4.1 and 30.4.3.1; APM
// vol. 2, 5.5.2 and 15.16), as lists for the structures that hold them. A processor may always drop
// more; these are what it must drop.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/tlb/invalidation.h"
#include "x86/cpu.h"
#include "x86/ep4ta_ids.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

struct TlbInstruction {
  enum class Result : std::uint8_t { done, general_protection, invalid_opcode, vm_fail };
  Result result = Result::done;
  std::uint8_t vm_instruction_error = 0;  // of vm_fail
  std::vector<Invalidation> invalidations;
};

// A memory operand of 128 bits.
struct Descriptor {
  std::uint64_t low = 0;   // PCID, VPID or EPT pointer
  std::uint64_t high = 0;  // linear address
};

TlbInstruction invlpg(Va va, const Registers& registers, const VirtualMachine& vm, const Cpu& cpu);
TlbInstruction invpcid(std::uint64_t type, const Descriptor& descriptor, const Registers& registers,
                       const VirtualMachine& vm);
// Executed by the hypervisor, whose registers these are.
TlbInstruction invvpid(std::uint64_t type, const Descriptor& descriptor,
                       const Registers& registers);
TlbInstruction invept(std::uint64_t type, const Descriptor& descriptor, const Cpu& cpu,
                      Ep4taIds& ids);
TlbInstruction invlpga(Va va, std::uint32_t asid, const Registers& registers);

}  // namespace nestwalk::x86
