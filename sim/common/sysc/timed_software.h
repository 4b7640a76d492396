// Kernel and hypervisor code on a vCPU of the timed machine: steps take their cycles, table
// accesses go through the vCPU's caches, locks are waited for in order of arrival, instructions
// act on the vCPU's Mmu. Messages that reach the vCPU meanwhile take their cycles in between.
#pragma once
#include <array>
#include <vector>

#include "common/cpu/processor.h"
#include "common/sysc/timed_cpu.h"

namespace nestwalk {

// The locks of the virtual machine, shared by all vCPUs.
class Locks {
 public:
  explicit Locks(Agenda& agenda) : slots_{FifoSlots(agenda, 1), FifoSlots(agenda, 1)} {}
  FifoSlots& of(LockId id) { return slots_[static_cast<std::size_t>(id)]; }

 private:
  std::array<FifoSlots, lock_count> slots_;
};

class TimedSoftware final : public Processor {
 public:
  // `side`: whose time it is until a path says more by enter().
  TimedSoftware(const PortSetting& setting, Locks& locks, Mmu& mmu, Mailbox& mailbox,
                const std::vector<Mailbox*>& others, Strand& me, SpanClock& clock, Side side)
      : set_(setting),
        locks_(locks),
        mmu_(mmu),
        mailbox_(mailbox),
        me_(me),
        clock_(clock),
        side_(side),
        cpu_(setting, mmu, mailbox, others, me, clock) {}

  void spend(Cycles cycles) override;
  std::uint64_t load(Pa at, unsigned bytes) override;
  void store(Pa at, unsigned bytes, std::uint64_t word) override;
  void lock(LockId id) override { locks_.of(id).acquire(me_); }
  void unlock(LockId id) override { locks_.of(id).release(me_); }
  void enter(Side side) override;
  void leave(Side side, const FaultEnd& end) override;
  unsigned vcpu() const override { return set_.vcpu; }
  Cpu& cpu() override { return cpu_; }
  const TranslationEngine& engine() const override;
  void execute(const MmuInstruction& instruction) override;

  // The last thing, before the vCPU's program goes on: nothing that it has spent is left over.
  void finish();

  unsigned guest_faults() const { return handled_[0]; }
  unsigned host_faults() const { return handled_[1]; }

 private:
  struct Entered {
    Side side;
    Cycles at;
    Cycles host_cycles;  // of the host's faults entered since
  };
  void charge();  // the time so far goes to the side that is running
  void serve_interrupts();

  const PortSetting& set_;
  Locks& locks_;
  Mmu& mmu_;
  Mailbox& mailbox_;
  Strand& me_;
  SpanClock& clock_;
  Side side_;
  TimedCpu cpu_;
  std::vector<Entered> entered_;
  std::array<unsigned, 2> handled_{};
};

}  // namespace nestwalk
