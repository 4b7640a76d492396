// Writes to CR0, CR3, CR4 and EFER: what is refused, what else they change, what they invalidate
// (SDM vol. 3, 5.1.2, 5.4.1, 5.10.4.1, 2.5; APM vol. 2, 5.5). Only the bits that concern
// translation are looked at; whether a processor has a feature at all is not checked.
#pragma once
#include <cstdint>
#include <vector>

#include "common/tlb/invalidation.h"
#include "x86/cpu.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

struct RegisterWrite {
  bool general_protection = false;  // #GP(0): nothing changes
  bool loads_pdptes = false;        // the PDPTE registers must be loaded, which may refuse it still
  Registers after;                  // PDPTEs as before
  std::vector<Invalidation> invalidations;
};

RegisterWrite write_cr0(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm);
RegisterWrite write_cr3(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm);
RegisterWrite write_cr4(const Registers& before, std::uint64_t value, const Cpu& cpu,
                        const VirtualMachine& vm);
RegisterWrite write_efer(const Registers& before, std::uint64_t value);
// A task switch that loads CR3 (legacy modes).
RegisterWrite task_switch_cr3(const Registers& before, std::uint64_t value, const Cpu& cpu,
                              const VirtualMachine& vm);

}  // namespace nestwalk::x86
