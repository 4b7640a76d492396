// Guests that go through the access space of x86 (tests/property/x86/access_space.h) on the timed
// machine. Before each point a guest's own system software writes registers and entries on its
// vCPU and executes INVLPG for the test address alone; then the guest makes the point's accesses,
// and takes its page faults. What came of them is compared with the oracle.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "property/x86/access_space.h"
#include "support.h"

namespace nestwalk::test {

// What a guest's TLBs served, and what the oracle lets expect.
struct SpaceCounts {
  std::uint64_t points = 0, wrong = 0;
  std::uint64_t accesses = 0, faults = 0;
  std::uint64_t l1_hits = 0, l2_hits = 0;  // of second accesses: data, fetches
  std::uint64_t expected_l1_hits = 0, expected_l2_hits = 0;
  std::uint64_t backed_by_host = 0;  // second-stage faults on the way
};

struct SpaceGuestSpec {
  x86::test::SpaceSpec space;
  // The first access of two is made with CR0.WP inverted and no key denied; the registers become
  // the point's between the two, without any invalidation.
  bool late_registers = false;
  std::uint64_t limit = ~std::uint64_t{0};  // at most so many points
};

// One vCPU's guest: program and system software.
class SpaceGuest final : public AccessSource {
 public:
  SpaceGuest(const SpaceGuestSpec& spec, VirtualMachine& vm);

  std::size_t next(std::span<MemoryAccess> out) override;
  // Sets the next point up, or the registers for its second access.
  void system_call(Processor& processor);
  FaultResponse page_fault(const Fault& fault, Va va, const Access& access, Processor& processor);
  void translated(Pa pa) { reached_.push_back(pa); }
  void done(const AccessDone& event) { done_.push_back(event); }
  // Checks the last point.
  void finish() { check_point(); }

  const SpaceCounts& counts() const { return counts_; }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::uint64_t moved(std::uint64_t page) const { return page + displacement_; }
  void build(Processor& processor);
  void set_registers(const x86::test::AccessPoint& point, Processor& processor) const;
  void check_point();
  // The point's first access alone, a supervisor's read, under the registers that it has.
  x86::test::AccessPoint first_access() const;
  x86::test::AccessOutcome expected() const;
  std::string first_mistake(const x86::test::AccessOutcome& expected) const;
  void count_hits(const x86::test::AccessOutcome& expected);

  VirtualMachine& vm_;
  SpaceGuestSpec spec_;
  x86::test::AccessPoints points_;
  std::deque<x86::test::AccessPoint> ahead_;  // given out as accesses, not set up yet
  std::uint64_t displacement_;  // from the pages of access_space.h to this guest's own
  bool built_ = false;
  Pa pdpte_at_{}, pde_at_{}, pte_at_{};

  std::optional<x86::test::AccessPoint> point_;  // set up; nothing: none yet
  std::vector<AccessDone> done_;                 // its accesses
  std::vector<Pa> reached_;                      // and their addresses, where there was no fault
  std::uint64_t code_ = 0;                       // of its last page fault
  SpaceCounts counts_;
  std::vector<std::string> complaints_;
};

// The guests of a machine, one for each vCPU.
class SpaceGuests final : public PrivilegedSoftware, public Observer, public TranslationListener {
 public:
  explicit SpaceGuests(VirtualMachine& vm) : vm_(vm) {}
  void add(const SpaceGuestSpec& spec);

  FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                             Processor& processor) override;
  void system_call(Processor& processor) override {
    guest(processor.vcpu()).system_call(processor);
  }
  void on(const AccessDone& event) override;
  void translated(unsigned vcpu, std::uint16_t, Va, Pa pa) override { guest(vcpu).translated(pa); }

  // Runs them all on one timed machine.
  TimedRun run(const MachineSpec& spec, Sync sync);
  SpaceGuest& guest(std::size_t i) { return static_cast<SpaceGuest&>(*guests_[i]); }
  // A hash of when each access was made and what its cycles went to.
  std::uint64_t times() const { return times_; }

 private:
  VirtualMachine& vm_;
  std::vector<std::unique_ptr<AccessSource>> guests_;
  std::uint64_t times_ = 0;
};

}  // namespace nestwalk::test
