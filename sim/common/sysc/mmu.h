// One vCPU's translation hardware in time: a VcpuMmu (mmu/), the latencies of its TLBs, a pool of
// walkers with a queue, and the accesses that wait for each other's walks.
#pragma once
#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "common/cpu/processor.h"
#include "common/machine/virtual_machine.h"
#include "common/sysc/in_flight.h"
#include "common/sysc/job.h"
#include "common/sysc/timed_port.h"

namespace nestwalk {

class Mmu : public sc_core::sc_module {
 public:
  // `setting` and everything it names outlive the Mmu.
  Mmu(sc_core::sc_module_name name, const PortSetting& setting, VirtualMachine& vm);

  // Switches to an address space. Nothing is under way.
  void enter_space(std::uint16_t space);

  // An L1 TLB hit that may serve the access; entry null: none. With the cycles that the lookup adds
  // to those of the data access.
  struct L1Hit {
    const TlbEntry* entry = nullptr;
    Cycles latency_cycles = 0;
  };
  L1Hit look_in_l1(const MemoryAccess& access, const Access& wanted) {
    const TlbSpec& spec = spec_for(wanted);
    const VcpuMmu::Hit hit = core_.look_in_l1(access.va, wanted);
    if (hit.conflict) [[unlikely]]
      refuse_conflict(access.va, wanted);
    return {hit.entry, exposed_cycles(wanted, spec.latency_cycles +
                                                  hit.extra_probes * spec.extra_size_cycles)};
  }
  // Carries a job that L1 has not served to its physical address (`translated`), or to the fault
  // that it meets. Neither: it has been undone meanwhile. The job's clock began at issue.
  Fault translate(Strand& me, Job& job);
  // `entry` has served the job.
  static void finish(Job& job, const TlbEntry& entry, Served served);
  // The fault is taken: what hardware drops then, so that a retry sees what the handler changes.
  void fault_taken(const Fault& fault, Va va);

  // Executes an instruction of software that runs on this vCPU. No walk is under way meanwhile.
  void execute(Strand& me, SpanClock& clock, const MmuInstruction& instruction);
  // Applies invalidations at once; `completion` then waits for the accesses they have overtaken.
  void invalidate(const std::vector<Invalidation>& what, Completion& completion);

  InFlight& in_flight() { return in_flight_; }
  const TranslationEngine& engine() const { return *engine_; }
  Tag tag() const { return core_.tag(); }

 private:
  const TlbSpec& spec_for(const Access& wanted) const {
    return wanted.type == AccessType::fetch ? set_.spec.l1i : set_.spec.l1d;
  }
  // What of an L1 TLB lookup is not hidden behind that of L1D.
  Cycles exposed_cycles(const Access& wanted, Cycles lookup_cycles) const {
    const Cycles hidden = wanted.type == AccessType::fetch ? 0 : hidden_cycles_;
    return lookup_cycles > hidden ? lookup_cycles - hidden : 0;
  }
  [[noreturn]] void refuse_conflict(Va va, const Access& wanted) const;
  bool look_in_l2(Strand& me, Job& job);
  // The fault that was met, or none: then the job has its address, or has to look again.
  Fault wait_for(Strand& me, Job& job, Translation& other);
  Fault walk(Strand& me, Job& job);
  void fill_l1(Strand& me, const TlbEntry& entry, const Job& job);
  bool keep(Strand& me, const Translation& walk, const WalkReply& reply);

  const PortSetting& set_;
  VirtualMachine& vm_;
  std::unique_ptr<TranslationEngine> engine_;
  VcpuMmu core_;
  Cycles hidden_cycles_;  // of an L1 TLB lookup, behind L1D's that has begun with it
  FifoSlots walkers_;
  InFlight in_flight_;
};

}  // namespace nestwalk
