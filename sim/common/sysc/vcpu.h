// One vCPU: issues its accesses in order, serves L1 TLB hits in the cycle they issue, and gives the
// rest to one of `max_outstanding` carriers: SystemC threads that each take one access through L2
// TLB, walk, faults and data. With one outstanding access the issuing thread carries it itself.
//
// Faults are taken in program order, one at a time (program_order.h), and the vCPU's time is then
// the handler's: nothing issues until it returns.
//
// The L1 data cache is looked up in the issue cycle. Its latency counts after the L1 TLB's, unless
// it is indexed by virtual address: then only that part of the TLB's lookup counts as translation
// that L1D's does not hide (Mmu::exposed_cycles). Instruction fetches are translated but read no
// data.
#pragma once
#include <array>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "common/machine/run_control.h"
#include "common/sysc/cache.h"
#include "common/sysc/mmu.h"
#include "common/sysc/program_order.h"
#include "common/sysc/shootdown.h"
#include "common/sysc/starting_line.h"
#include "common/sysc/timed_software.h"
#include "common/workload/access_source.h"

namespace nestwalk {

// A guest kernel that unmaps a page now and then, and invalidates.
struct UnmapSpec {
  std::uint64_t interval_accesses = 0;  // 0: never
  UnmapInvalidation kind = UnmapInvalidation::address;
};

// What all vCPUs of a machine share. Outlives them.
struct MachineSetting {
  Agenda& agenda;
  VirtualMachine& vm;
  PrivilegedSoftware& privileged;
  const MachineSpec& spec;
  const UnmapSpec& unmaps;
  Locks& locks;
  StartingLine& starting_line;
  Observer& observer;
  RunControl& control;
  TranslationListener* listener;  // null: nobody listens
};

class Vcpu : public sc_core::sc_module {
 public:
  Vcpu(sc_core::sc_module_name name, const MachineSetting& machine, unsigned number,
       AccessSource& source, LineSource& below);

  void set_others(std::vector<Mailbox*> others) { others_ = std::move(others); }
  Mailbox& mailbox() { return mailbox_; }
  Mmu& mmu() { return mmu_; }

  // After the simulation has ended.
  bool finished() const { return finished_; }
  std::exception_ptr failure() const { return failure_; }
  Cycles finish_cycle() const { return finish_cycle_; }
  std::uint64_t issued() const { return issued_; }
  // The accesses under way, the oldest first, for a failing check.
  std::string under_way() const;
  // Cycles of the measured accesses' faults: no more than the measured time.
  Cycles fault_cycles() const { return fault_cycles_; }
  CacheCounts l1d_counts() const { return l1d_ ? l1d_->counts() : CacheCounts{}; }
  CacheCounts l2_counts() const { return l2_ ? l2_->counts() : CacheCounts{}; }

 private:
  struct Carrier {
    Strand strand;
    Job job;
    bool busy = false;
  };

  void issue_all();             // the issuing SystemC thread
  void carry_all(Carrier& me);  // a carrier's SystemC thread
  template <class Work>
  void guarded(Work work);

  void issue(const MemoryAccess& access);
  void issue_in_order(const MemoryAccess& access);
  void reach_issue();
  void prepare(const MemoryAccess& access);
  bool serve_at_once(const MemoryAccess& access, const Mmu::L1Hit& hit, Cycles stall_cycles);
  bool carry(const MemoryAccess& access, const Mmu::L1Hit& hit, Cycles stall_cycles);
  void tell_at_once(AccessDone& event);
  void dispatch(const Job& job);
  void wait_for_carrier();
  void drain();
  void unmap_one();
  void system_call();
  void run(Strand& me, Job& job);
  void attempt(Strand& me, Job& job);
  void take_fault(Strand& me, Job& job, const Fault& fault);
  void issue_again(Strand& me, Job& job);
  void reach_data(Strand& me, Job& job);
  void complete(const Job& job);

  MachineSetting machine_;
  unsigned number_;
  AccessSource& source_;
  unsigned line_lg2_;
  std::unique_ptr<Cache> l2_, l1d_;  // null where the spec has none
  LineSource* l1_entry_;             // the highest of L1D, L2, what lies below
  Observer* observer_ = nullptr;     // the machine's, once warm-up is over
  // By type: accesses served in their issue cycle that are not told yet; all alike but for address
  // and time, and more than one only if the observer merges such.
  std::array<AccessDone, 3> at_once_{};
  PortSetting ports_;
  Mmu mmu_;
  ProgramOrder order_;
  Mailbox mailbox_;
  std::vector<Mailbox*> others_;

  Strand issue_;
  std::deque<Carrier> carriers_;
  std::vector<Carrier*> idle_;
  std::size_t busy_carriers_ = 0;
  bool issuer_waits_ = false;

  std::uint32_t space_ = ~std::uint32_t{0};
  Cycles next_issue_ = 0;
  Cycles latest_completion_ = 0;     // of all accesses served at once
  Cycles last_completion_ = 0;       // of the access issued last, if it was served at once
  Carrier* last_carrier_ = nullptr;  // else who carries it
  // Of the specs, at hand for every access.
  Cycles issue_interval_cycles_, lookahead_cycles_;
  bool reads_data_, merges_;

  std::uint64_t issued_ = 0, warmup_;
  bool at_start_ = false;         // has come to the starting line
  std::uint64_t next_event_ = 0;  // the access before which warm-up ends or a page is unmapped
  Random unmap_random_;
  bool finished_ = false;
  Cycles finish_cycle_ = 0, fault_cycles_ = 0;
  std::exception_ptr failure_;
};

}  // namespace nestwalk
