// One vCPU's translation hardware in time: L1 and L2 TLBs, walk caches, a pool of walkers with a
// queue, and the translations under way.
#pragma once
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "common/machine/virtual_machine.h"
#include "common/sysc/in_flight.h"
#include "common/sysc/job.h"
#include "common/sysc/timed_port.h"
#include "common/sysc/timed_software.h"

namespace nestwalk {

class Mmu : public sc_core::sc_module {
 public:
  // `setting` and everything it names outlive the Mmu. `privileged` is entered for faults.
  Mmu(sc_core::sc_module_name name, const PortSetting& setting, VirtualMachine& vm,
      PrivilegedSoftware& privileged, Locks& locks);

  // Switches to an address space. Nothing is under way.
  void enter_space(std::uint16_t space);

  // An L1 TLB hit that may serve the access; entry null: none. With the cycles that the lookup adds
  // to those of the data access.
  struct L1Hit {
    const TlbEntry* entry = nullptr;
    Cycles latency_cycles = 0;
  };
  L1Hit look_in_l1(const MemoryAccess& access, const Access& wanted) {
    Tlb& l1 = l1_for(wanted);
    const TlbSpec& spec = spec_for(wanted);
    const Tlb::Hit hit = l1.lookup(access.va, tag_);
    const Cycles latency_cycles =
        exposed_cycles(wanted, spec.latency_cycles + hit.extra_probes * spec.extra_size_cycles);
    if (!hit) return {nullptr, latency_cycles};
    if (conflict_) [[unlikely]]
      check_conflict(l1, access.va, wanted);
    if (engine_->serves(hit.entry->attributes, wanted)) [[likely]]
      return {hit.entry, latency_cycles};
    l1.drop(access.va, tag_);  // too few rights, or a dirty flag to set: the walk will tell
    return {nullptr, latency_cycles};
  }
  // Carries a job that L1 has not served to its physical address, unless it is skipped: privileged
  // software declines to mend its fault. The job's clock began at issue.
  // Throws UserErrors for an access that software cannot make possible.
  void translate(Strand& me, Job& job);

  // Kernel and hypervisor code runs on the vCPU like any other: one handler at a time, and nothing
  // else issues meanwhile.
  bool software_runs() const { return software_runs_; }
  void begin_software(Strand& me) {
    processor_.acquire(me);
    software_runs_ = true;
  }
  void end_software(Strand& me) {
    software_runs_ = false;
    processor_.release(me);
  }

  // Executes an instruction of software that runs on this vCPU. No walk is under way meanwhile.
  void execute(Strand& me, SpanClock& clock, const Processor::Instruction& instruction);
  // Applies invalidations at once; `completion` then waits for the accesses they have overtaken.
  void invalidate(const std::vector<Invalidation>& what, Completion& completion);

  InFlight& in_flight() { return in_flight_; }
  const TranslationEngine& engine() const { return *engine_; }
  Tag tag() const { return tag_; }

 private:
  Tlb& l1_for(const Access& wanted) { return wanted.type == AccessType::fetch ? l1i_ : l1d_; }
  const TlbSpec& spec_for(const Access& wanted) const {
    return wanted.type == AccessType::fetch ? set_.spec.l1i : set_.spec.l1d;
  }
  // What of an L1 TLB lookup is not hidden behind that of L1D.
  Cycles exposed_cycles(const Access& wanted, Cycles lookup_cycles) const {
    const Cycles hidden = wanted.type == AccessType::fetch ? 0 : hidden_cycles_;
    return lookup_cycles > hidden ? lookup_cycles - hidden : 0;
  }
  void invalidate(const Invalidation& what);  // in the arrays
  void check_conflict(const Tlb& tlb, Va va, const Access& wanted) const;
  bool look_in_l2(Strand& me, Job& job);
  bool wait_for_other(Strand& me, Job& job);
  FaultResponse handle_fault(Strand& me, Job& job, const Fault& fault);
  // Until the page is mapped; nothing: the job is skipped.
  std::optional<WalkReply> walk_until_mapped(Strand& me, Job& job, Translation& translation);
  void finish(Job& job, const TlbEntry& entry, Served served);

  const PortSetting& set_;
  VirtualMachine& vm_;
  PrivilegedSoftware& privileged_;
  Locks& locks_;
  std::unique_ptr<TranslationEngine> engine_;
  Tag tag_{};
  Fault conflict_{};  // what two entries for one address are; none: nothing
  std::uint16_t space_ = 0;
  Cycles hidden_cycles_;  // of an L1 TLB lookup, behind L1D's that has begun with it
  Tlb l1d_, l1i_, l2_;
  WalkCaches caches_;
  FifoSlots walkers_;
  FifoSlots processor_;  // one slot: who runs software on the vCPU
  bool software_runs_ = false;
  InFlight in_flight_;
};

}  // namespace nestwalk
