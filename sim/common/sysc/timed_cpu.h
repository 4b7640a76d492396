// Software on a vCPU of the timed machine (cpu/cpu.h): the strand's time passes, then the action
// happens, in order of time among all strands. Words go through the vCPU's caches, locks are waited
// for in the order of their queues, instructions act on the vCPU's Mmu.
//
// Messages that reach the vCPU take their cycles in between, also while it waits for a lock: Linux
// spins for locks with interrupts on, and Arm's broadcasts are obeyed by hardware. In the host they
// are those of other hosts' flushes; a guest's interrupt waits until the guest is entered
// (shootdown.h).
#pragma once
#include <vector>

#include "common/cpu/cpu.h"
#include "common/sysc/timed_port.h"

namespace nestwalk {

class Mailbox;
class Mmu;

class TimedCpu final : public Cpu {
 public:
  // Begins in the guest. `others`: of all other vCPUs.
  TimedCpu(const PortSetting& setting, Mmu& mmu, Mailbox& mailbox,
           const std::vector<Mailbox*>& others, Strand& me, SpanClock& clock)
      : Cpu(setting.vcpu, setting.memory, World::guest),
        set_(setting),
        mmu_(mmu),
        mailbox_(mailbox),
        others_(others),
        me_(me),
        clock_(clock) {}
  Cycles now() const override { return me_.now(); }

 private:
  void pass(const Price& price, Cycles cycles) override;
  void await_turn(const Touch& touch) override;
  void sleep(const Lock& lock) override;
  void wake(Cycles now) override;
  Executed run(const Instruction& instruction) override;
  void invalidate(const FlushSequence& sequence, Reach reach) override;
  void world_changed(World from) override;
  Observer* observer() const override { return set_.observer; }
  void serve_interrupts();
  void charge(World world);

  const PortSetting& set_;
  Mmu& mmu_;
  Mailbox& mailbox_;
  const std::vector<Mailbox*>& others_;
  Strand& me_;
  SpanClock& clock_;
};

}  // namespace nestwalk
