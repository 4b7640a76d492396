// Software without time, alone: for the functional machine, for setting up before the clock starts,
// and for tests. Nobody could give back a lock that is held, so that waiting for one is a broken
// invariant.
#pragma once
#include <vector>

#include "common/base/check.h"
#include "common/cpu/cpu.h"

namespace nestwalk {

class AtOnce final : public Cpu {
 public:
  // `targets`: the hardware of all vCPUs, of this one at `vcpu`; none: software that executes no
  // instructions, and whose flushes find nothing cached.
  explicit AtOnce(PhysicalMemory& memory, World world = World::host, unsigned vcpu = 0,
                  std::vector<InstructionTarget*> targets = {}, Observer* observer = nullptr)
      : Cpu(vcpu, memory, world), targets_(std::move(targets)), observer_(observer) {}
  Cycles now() const override { return 0; }

 private:
  void pass(const Price&, Cycles) override {}
  void await_turn(const Touch&) override {}
  void sleep(const Lock& lock) override {
    NW_CHECK(false, "vCPU {} waits for lock '{}', and nobody can give it back", vcpu(),
             lock.name());
  }
  void wake(Cycles) override {}
  Executed run(const Instruction& instruction) override {
    NW_CHECK(vcpu() < targets_.size(), "vCPU {} has no hardware for an instruction", vcpu());
    return targets_[vcpu()]->execute(instruction);
  }
  void invalidate(const FlushSequence& sequence, Reach reach) override {
    for (std::size_t i = 0; i < targets_.size(); ++i)
      if (i == vcpu() || reach == Reach::broadcast) targets_[i]->invalidate(sequence.what);
  }
  Observer* observer() const override { return observer_; }

  std::vector<InstructionTarget*> targets_;
  Observer* observer_;
};

}  // namespace nestwalk
