// One vCPU as software of the highest privilege on it sees it: all that kernel code can do
// (software.h), and besides it the registers and the cached translations of the vCPU's hardware.
#pragma once
#include <functional>
#include <vector>

#include "common/cpu/cpu.h"
#include "common/cpu/software.h"
#include "common/mmu/engine.h"

namespace nestwalk {

class Processor : public Software {
 public:
  virtual unsigned vcpu() const = 0;
  // The same vCPU with the verbs of cpu.h.
  virtual Cpu& cpu() = 0;
  virtual const TranslationEngine& engine() const = 0;

  // What one instruction does to the translation hardware: writes registers, perhaps reads memory
  // through `port` (x86: PDPTEs), and gives back what it invalidates on this vCPU.
  using Instruction =
      std::function<std::vector<Invalidation>(TranslationEngine&, WalkCaches&, WalkPort& port)>;
  // Executes one. Walks under way end first, and what they have found is not kept if the
  // instruction invalidates it. The architectures have functions for theirs (x86/instructions.h).
  virtual void execute(const Instruction& instruction) = 0;
};

}  // namespace nestwalk
