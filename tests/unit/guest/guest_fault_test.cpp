// The guest's page-fault path: its step graph, costs, locks, what it maps, and faults that meet.
#include <doctest/doctest.h>

#include "common/base/user_error.h"
#include "unit/guest/guest_rig.h"
#include "unit/hyp/step_graph.h"

using namespace nestwalk;
using namespace nestwalk::test;
using Step = GuestFaultPath::Step;

TEST_CASE(
    "guest fault: every step is reached, every run ends, and there are no other ways through") {
  StepGraph<GuestFaultPath> graph;
  const auto run = [&](GuestRig& rig) {
    GuestFaultPath path(rig.kernel, rig.kernel.space(1), 0x5123, rig.software());
    CHECK(graph.run(path));
    CHECK(rig.software().balanced());
  };
  GuestRig fresh(true), mapped(false), shared(false), late(false);
  run(fresh);
  mapped.map_elsewhere(0x5000);
  run(mapped);
  shared.kernel.space(1).placer->place({0x5000});
  run(shared);
  late.software().during_spend = [&](Cycles cycles) {
    if (cycles == late.cost("allocate_page")) late.map_elsewhere(0x5000);
  };
  run(late);
  CHECK(graph.every_step_reached());
  CHECK(graph.went(Step::find_vma, Step::exception_return));
  CHECK(graph.went(Step::allocate_page, Step::exception_return));
  CHECK(graph.went(Step::allocate_page, Step::write_entry));
  CHECK(graph.edges() == 9);
}

TEST_CASE("guest fault, one stage: costs in order, entered under the lock, counted") {
  GuestRig rig(false);
  CHECK(rig.kernel.table_bytes() == 4 * KiB);
  CHECK(rig.kernel.handle_fault(1, Va{0x5123}, rig.software()));
  const auto cost = [&](const char* step) { return rig.cost(step); };
  CHECK(rig.software().costs ==
        std::vector<Cycles>{cost("exception_entry"), cost("find_vma"), cost("allocate_page"),
                            cost("zero_4k"), cost("write_entry"), cost("allocate_table"),
                            cost("allocate_table"), cost("exception_return")});
  CHECK(rig.software().locks == std::vector{LockId::guest_mm});
  CHECK(rig.software().stored_locked);
  CHECK(rig.software().balanced());
  REQUIRE(rig.software().left.size() == 1);
  CHECK(rig.software().left[0].side == Side::guest);
  CHECK(rig.software().left[0].page_lg2 == 12);
  Ipa ipa;
  std::uint8_t size = 0;
  REQUIRE(rig.kernel.truth(1, Va{0x5678}, ipa, size));
  CHECK(ipa.offset(12) == 0x678);
  CHECK(size == 12);
  CHECK_FALSE(rig.mapped(0x6000));
  CHECK(rig.kernel.counts().mapped_bytes == 4 * KiB);
  CHECK(rig.kernel.table_bytes() == 12 * KiB);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("guest fault, two stages: tables and zeroed pages are backed by the host on the way") {
  GuestRig rig(true, {PolicyKind::thp});
  CHECK(rig.kernel.handle_fault(1, Va{2 * MiB + 0x5123}, rig.software()));
  // Zeroing 2 MiB of guest memory on a host with base pages: 512 host faults; and one for a table.
  std::size_t host_faults = 0;
  for (const auto& left : rig.software().left) host_faults += left.side == Side::host;
  CHECK(host_faults == 512 + 1);
  CHECK(rig.software().left.back().side == Side::guest);
  CHECK(rig.software().left.back().page_lg2 == 21);
  CHECK(rig.software().balanced());
  // The root's frame was backed when the space was made.
  CHECK(rig.host.vm.counts.pages_by_lg2[12] == 512 + 2);
  Ipa ipa;
  std::uint8_t size = 0;
  CHECK(rig.kernel.truth(1, Va{2 * MiB + 0x5123}, ipa, size));
  CHECK(rig.host.vm.mapping(ipa));
  CHECK(rig.lost_bytes() == 0);
  CHECK(rig.host.lost_bytes() == 0);
}

TEST_CASE(
    "guest fault: the host backs a large page with large pages in as many faults as it needs") {
  GuestRig rig(true, {PolicyKind::thp}, 32 * MiB, false, {PolicyKind::thp});
  CHECK(rig.host.vm.counts.pages_by_lg2[21] == 1);  // where the tables lie
  CHECK(rig.kernel.handle_fault(1, Va{2 * MiB}, rig.software()));
  CHECK(rig.host.vm.counts.pages_by_lg2[21] == 2);
}

TEST_CASE("guest fault: overtaken at any step by another vCPU's fault on the page: mapped once") {
  for (const PolicyKind kind : {PolicyKind::base, PolicyKind::thp})
    for (const char* moment : {"exception_entry", "find_vma", "allocate_page", "zero_4k",
                               "write_entry", "exception_return"}) {
      CAPTURE(moment);
      GuestRig rig(true, {kind});
      const std::uint64_t pages =
          std::string(moment) == "zero_4k" && kind == PolicyKind::thp ? 512 : 1;
      int times = 0;
      rig.software().during_spend = [&](Cycles cycles) {
        if (cycles == rig.cost(moment) * pages && times++ == 0) rig.map_elsewhere(0x5000);
      };
      CHECK(rig.kernel.handle_fault(1, Va{0x5123}, rig.software()));
      CHECK(times > 0);
      const unsigned lg2 = kind == PolicyKind::thp ? 21 : 12;
      CHECK(rig.mapped(0x5123));
      CHECK(rig.kernel.counts().mapped_bytes == one(lg2));
      CHECK(rig.kernel.counts().pages_by_lg2[lg2] == 1);
      CHECK(rig.software().left.back().page_lg2 == lg2);
      CHECK(rig.lost_bytes() == 0);
      CHECK(rig.software().balanced());
    }
}

TEST_CASE("guest fault: a neighbour in the same 2 MiB is mapped meanwhile") {
  // This fault decides after allocate_page: by then the block is no longer vacant as a whole.
  GuestRig rig(false, {PolicyKind::thp}, 1 * MiB);  // no large block: base pages
  rig.software().during_spend = [&](Cycles cycles) {
    if (cycles == rig.cost("allocate_page")) rig.map_elsewhere(0x8000);
  };
  rig.kernel.handle_fault(1, Va{0x5123}, rig.software());
  CHECK(rig.mapped(0x5123));
  CHECK(rig.mapped(0x8000));
  CHECK(rig.kernel.counts().pages_by_lg2[12] == 2);
  CHECK(rig.kernel.counts().fallbacks == 1);  // the second found no vacant block to wish for
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("guest fault: mapped by another, unmapped and released while this one zeroes") {
  GuestRig rig(false, {PolicyKind::thp});
  Random random(1);
  rig.software().during_spend = [&](Cycles cycles) {
    if (cycles != rig.cost("zero_4k") * 512) return;
    UntimedSoftware at_once(rig.host.memory);
    rig.map_elsewhere(0x5000);
    const auto page = rig.kernel.unmap_one(1, random, at_once);
    REQUIRE(page);
    rig.kernel.release(*page);
    rig.map_elsewhere(8 * MiB);  // takes the memory
  };
  CHECK(rig.kernel.handle_fault(1, Va{0x5123}, rig.software()));
  // The stale placement must not be entered: its memory is another page's. The access faults again.
  CHECK_FALSE(rig.mapped(0x5123));
  CHECK(rig.mapped(8 * MiB));
  CHECK(rig.kernel.counts().mapped_bytes == 2 * MiB);
  CHECK(rig.lost_bytes() == 0);
  rig.software().during_spend = {};
  CHECK(rig.kernel.handle_fault(1, Va{0x5123}, rig.software()));
  CHECK(rig.mapped(0x5123));
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("guest fault: addresses that the tables cannot map") {
  GuestRig lower(false);  // 33 bits
  CHECK(lower.kernel.handle_fault(1, Va{low_mask(33)}, lower.software()));
  CHECK_FALSE(lower.kernel.handle_fault(1, Va{one(33)}, lower.software()));
  CHECK_FALSE(lower.kernel.handle_fault(1, Va{~low_mask(32)}, lower.software()));
  CHECK(lower.software().balanced());

  GuestRig both(false, {}, 32 * MiB, true);  // sign-extended from 33 bits
  CHECK(both.kernel.handle_fault(1, Va{low_mask(32)}, both.software()));
  CHECK_FALSE(both.kernel.handle_fault(1, Va{one(32)}, both.software()));
  CHECK(both.kernel.handle_fault(1, Va{~low_mask(32)}, both.software()));
  CHECK(both.mapped(~low_mask(32) + 5));
  CHECK_FALSE(both.mapped(one(32)));
}

TEST_CASE("guest fault: out of memory for a page, for a table, and for the host's backing") {
  GuestRig pages(false, {}, 16 * KiB);  // the root, then page and two tables
  CHECK(pages.kernel.handle_fault(1, Va{0}, pages.software()));
  CHECK_THROWS_WITH_AS(pages.kernel.handle_fault(1, Va{0x1000}, pages.software()),
                       "guest.memory: guest memory ran out: no page left", UserErrors);
  GuestRig tables(false, {}, 12 * KiB);
  CHECK_THROWS_WITH_AS(tables.kernel.handle_fault(1, Va{0}, tables.software()),
                       "guest.memory: guest memory ran out while making a table", UserErrors);
  GuestRig host(true);
  while (host.host.vm.frames.allocate(12)) continue;
  CHECK_THROWS_AS(host.kernel.handle_fault(1, Va{0}, host.software()), UserErrors);
}
