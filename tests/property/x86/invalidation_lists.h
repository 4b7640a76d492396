// The invalidations that sim/x86 makes of an operation of invalidation_rules.h.
#pragma once
#include <vector>

#include "common/tlb/invalidation.h"
#include "property/x86/invalidation_rules.h"
#include "x86/ep4ta_ids.h"
#include "x86/registers.h"

namespace nestwalk::x86::test {

// The processor that executes it. EPT roots are numbered from 1 in order of `eptps`.
struct Executor {
  Cpu cpu;
  Registers registers;
  VirtualMachine vm;
  Ep4taIds& ids;
  std::vector<std::uint64_t> eptps;

  CurrentTag now() const {
    const bool ept = vm.paging == VirtualMachine::Paging::ept;
    return {registers.pcid(), vm.id, ept ? ids.id_of(Eptp{vm.eptp}) : std::uint16_t{0}};
  }
};

std::vector<Invalidation> invalidations_of(const Operation& operation, Executor& executor);

}  // namespace nestwalk::x86::test
