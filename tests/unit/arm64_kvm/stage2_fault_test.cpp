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
                 "zero_4k", "lock_mmu", "clean_4k", "map_entry", "allocate_table", "unlock_mmu",
                 "restore_context", "exception_return"});
}
}  // namespace

TEST_CASE(
    "stage-2 fault: every step is reached, every run ends, and there are no other ways through") {
  const auto graph = checks().graph();
  CHECK(graph.went(Step::get_host_page, Step::restore_context));  // mapped by another
  CHECK(graph.went(Step::get_host_page, Step::lock_mmu));         // placed by another
  CHECK(graph.went(Step::get_host_page, Step::zero_page));        // fresh
  CHECK(graph.went(Step::lock_mmu, Step::clean_page));
  CHECK(graph.edges() == 14);
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

// Spec 3.4.4 and E_CMO: cache maintenance before a new cacheable mapping unless FWB.
TEST_CASE("stage-2 fault: FEAT_S2FWB spares the cleaning of new pages, all of it") {
  for (const PolicyKind kind : {PolicyKind::base, PolicyKind::thp}) {
    const CostTable table = checks().table();
    const Cycles clean = table.of("clean_4k") * (kind == PolicyKind::thp ? 512 : 1);
    HostRig cleaning({kind}), forced({kind});
    arm64::Stage2FaultPath(table).handle(Ipa{0x5123}, cleaning.vm, cleaning.software);
    arm64::Stage2FaultPath(table, arm64::Coherency::forced_write_back)
        .handle(Ipa{0x5123}, forced.vm, forced.software);
    CHECK(cleaning.software.spent == forced.software.spent + clean);
  }
}
TEST_CASE("stage-2 fault: a page that another has entered meanwhile is not cleaned") {
  const CostTable table = checks().table();
  HostRig rig;
  rig.software.during_spend = [&](Cycles cycles) {
    if (cycles == table.of("zero_4k")) rig.map_elsewhere(0x5000);
  };
  arm64::Stage2FaultPath(table).handle(Ipa{0x5123}, rig.vm, rig.software);
  CHECK(rig.software.left.back().spurious);
  CHECK(std::count(rig.software.costs.begin(), rig.software.costs.end(), table.of("clean_4k")) ==
        0);
}

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
