// One vCPU as software of the highest privilege on it sees it: all that kernel code can do
// (software.h), and besides it the registers and the cached translations of the vCPU's hardware.
#pragma once
#include "common/cpu/cpu.h"
#include "common/cpu/software.h"
#include "common/mmu/vcpu_mmu.h"

namespace nestwalk {

class Processor : public Software {
 public:
  virtual unsigned vcpu() const = 0;
  // The same vCPU with the verbs of cpu.h.
  virtual Cpu& cpu() = 0;
  virtual const TranslationEngine& engine() const = 0;

  // Executes an instruction. Walks under way end first, and what they have found is not kept if the
  // instruction invalidates it.
  virtual void execute(const MmuInstruction& instruction) = 0;
};

}  // namespace nestwalk
