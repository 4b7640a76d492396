// KVM arm64's stage-2 fault path for ordinary guests: its step graph, costs, locks, and faults that
// meet.
#include "arm64/kvm/stage2_fault.h"

#include "unit/hyp/host_fault_checks.h"

using namespace nestwalk;
using namespace nestwalk::test;
using arm64::Stage2Fault;
using Step = Stage2Fault::Step;

namespace {
using Checks = HostFaultChecks<Stage2Fault, arm64::Stage2FaultCosts>;
Checks checks() {
  return Checks({"abort_entry", "save_context", "read_fault", "find_slot", "get_host_page",
                 "zero_4k", "lock_mmu", "map_entry", "allocate_table", "unlock_mmu",
                 "restore_context", "exception_return"});
}
}  // namespace

TEST_CASE(
    "stage-2 fault: every step is reached, every run ends, and there are no other ways through") {
  const auto graph = checks().graph();
  CHECK(graph.went(Step::get_host_page, Step::restore_context));  // mapped by another
  CHECK(graph.went(Step::get_host_page, Step::lock_mmu));         // placed by another
  CHECK(graph.went(Step::get_host_page, Step::zero_page));        // fresh
  CHECK(graph.edges() == 13);
}
TEST_CASE("stage-2 fault: a base page, each step's cost once, entered under the lock") {
  checks().plain_fault();
}
TEST_CASE("stage-2 fault: a large page is zeroed as a whole and needs one table less") {
  checks().large_page();
}
TEST_CASE("stage-2 fault: overtaken by another vCPU at each step") {
  checks().overtaken_at_each_step();
}
TEST_CASE("stage-2 fault: a page that another vCPU is about to enter") {
  checks().shares_a_page_on_its_way();
}
TEST_CASE("stage-2 fault: out of host memory") { checks().out_of_memory(); }

TEST_CASE("stage-2 fault: the path is the host's time, and says what was mapped") {
  arm64::Stage2FaultPath path(checks().table());
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
