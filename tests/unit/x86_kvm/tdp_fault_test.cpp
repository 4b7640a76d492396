// KVM x86's fault path for ordinary guests: its step graph, costs, locks, and faults that meet.
#include "x86/kvm/tdp_fault.h"

#include "unit/hyp/host_fault_checks.h"

using namespace nestwalk;
using namespace nestwalk::test;
using x86::TdpFault;
using Step = TdpFault::Step;

namespace {
using Checks = HostFaultChecks<TdpFault, x86::TdpFaultCosts>;
Checks checks() {
  return Checks({"vm_exit", "dispatch", "find_slot", "get_host_page", "zero_4k", "lock_mmu",
                 "map_entry", "allocate_table", "unlock_mmu", "vm_entry"});
}
}  // namespace

TEST_CASE("tdp fault: every step is reached, every run ends, and there are no other ways through") {
  const auto graph = checks().graph();
  CHECK(graph.went(Step::get_host_page, Step::vm_entry));   // mapped by another
  CHECK(graph.went(Step::get_host_page, Step::lock_mmu));   // placed by another
  CHECK(graph.went(Step::get_host_page, Step::zero_page));  // fresh
  CHECK(graph.edges() == 11);
}
TEST_CASE("tdp fault: a base page, each step's cost once, entered under the lock") {
  checks().plain_fault();
}
TEST_CASE("tdp fault: a large page is zeroed as a whole and needs one table less") {
  checks().large_page();
}
TEST_CASE("tdp fault: overtaken by another vCPU at each step") {
  checks().overtaken_at_each_step();
}
TEST_CASE("tdp fault: a page that another vCPU is about to enter") {
  checks().shares_a_page_on_its_way();
}
TEST_CASE("tdp fault: out of host memory") { checks().out_of_memory(); }

TEST_CASE("tdp fault: the path is the host's time, and says what was mapped") {
  x86::TdpFaultPath path(checks().table());
  HostRig rig({PolicyKind::thp});
  path.handle(Ipa{0x5123}, rig.vm, rig.software);
  path.handle(Ipa{0x6123}, rig.vm, rig.software);  // a fault that was overtaken
  REQUIRE(rig.software.left.size() == 2);
  for (const auto& left : rig.software.left) {
    CHECK(left.side == Side::host);
    CHECK(left.page_lg2 == 21);
  }
  CHECK(rig.software.balanced());
}
