// The host's side of a virtual machine: backing, the shared steps of its fault paths, table memory.
#include "common/host/host_vm.h"

#include <doctest/doctest.h>

#include "common/base/user_error.h"
#include "common/cpu/step_machine.h"
#include "unit/hyp/host_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// Goes round twice before it ends.
struct ThreeRounds {
  enum class Step { one, two, done };
  static constexpr Step first = Step::one;
  Step advance(Step step) {
    taken.push_back(step);
    return step == Step::one && ++rounds < 3 ? Step::two
           : step == Step::two               ? Step::one
                                             : Step::done;
  }
  std::vector<Step> taken;
  int rounds = 0;
};

}  // namespace

TEST_CASE("a page is placed, then entered: counts, table bytes and backing agree") {
  HostRig rig;
  const std::uint64_t root_bytes = rig.vm.table_bytes;
  CHECK(root_bytes == 4 * KiB);
  CHECK(rig.vm.grant(Ipa{0x5123}).kind == Grant::Kind::absent);
  CHECK_FALSE(rig.vm.mapping(Ipa{0x5123}));
  const PlacedPage page = host_page_for(Ipa{0x5123}, rig.vm);
  CHECK(page.fresh_lg2 == 12);
  CHECK_FALSE(rig.vm.mapping(Ipa{0x5123}));
  const Grant behind{Grant::Kind::page, Pa{page.page.frame + 0x123}, true};
  CHECK(rig.vm.grant(Ipa{0x5123}) == behind);  // before any table maps it
  map_host_page(page, rig.vm, rig.software, 7);
  CHECK(rig.vm.grant(Ipa{0x5123}) == behind);
  CHECK(rig.vm.mapping(Ipa{0x5123})->out == page.page.frame);
  CHECK(rig.vm.mapping(Ipa{0x5123})->size_lg2 == 12);
  CHECK(rig.vm.counts.mapped_bytes == 4 * KiB);
  CHECK(rig.vm.counts.pages_by_lg2[12] == 1);
  CHECK(rig.vm.table_bytes == root_bytes + 2 * 4 * KiB);
  CHECK(rig.software.costs == std::vector<Cycles>{7, 7});  // two tables
  CHECK(rig.software.stores.size() == 3);                  // two table entries and the leaf
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("entering the same placement again does nothing") {
  HostRig rig({PolicyKind::thp});
  const PlacedPage a = host_page_for(Ipa{0x1000}, rig.vm), b = host_page_for(Ipa{0x2000}, rig.vm);
  CHECK(b.fresh_lg2 == 0);
  map_host_page(b, rig.vm, rig.software, 0);
  const std::size_t stores = rig.software.stores.size();
  map_host_page(a, rig.vm, rig.software, 0);
  CHECK(rig.software.stores.size() == stores);
  CHECK(rig.vm.counts.mapped_bytes == 2 * MiB);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("a large page stays inside the slot") {
  HostRig rig({PolicyKind::thp}, 64 * MiB, 3 * MiB);
  CHECK(host_page_for(Ipa{0x1000}, rig.vm).page.size_lg2 == 21);
  CHECK(host_page_for(Ipa{2 * MiB}, rig.vm).page.size_lg2 == 12);
  CHECK(rig.vm.in_slot(Ipa{3 * MiB - 1}));
  CHECK_FALSE(rig.vm.in_slot(Ipa{3 * MiB}));
}

TEST_CASE("host memory that runs out is the user's mistake, and says so") {
  HostRig pages({}, 16 * KiB);
  for (std::uint64_t i = 0; i < 3; ++i) host_page_for(Ipa{i << 12}, pages.vm);  // the root took one
  CHECK_THROWS_AS(host_page_for(Ipa{3 << 12}, pages.vm), UserErrors);
  HostRig tables({}, 12 * KiB);
  const PlacedPage page = host_page_for(Ipa{0}, tables.vm);
  CHECK_THROWS_WITH_AS(map_host_page(page, tables.vm, tables.software, 0),
                       "host.memory: host memory ran out while making a table", UserErrors);
}

TEST_CASE("a table given back reads as zero and is free again") {
  HostRig rig;
  HostTableIo io(rig.vm.frames, rig.memory, rig.software, 5);
  const std::uint64_t before = rig.vm.frames.free_bytes();
  const std::uint64_t table = io.allocate_table(5);  // smaller than a frame: takes one
  CHECK(io.made_bytes() == 4 * KiB);
  CHECK(rig.software.spent == 5);
  io.store(table, 8, 42);
  CHECK(io.load(table, 8) == 42);
  io.free_table(table, 5);
  CHECK(rig.memory.read(Pa{table}, 8) == 0);
  CHECK(rig.vm.frames.free_bytes() == before);
}

TEST_CASE("run_steps takes the steps in order, from the first to done") {
  ThreeRounds path;
  run_steps(path);
  using enum ThreeRounds::Step;
  CHECK(path.taken == std::vector{one, two, one, two, one});
}

TEST_CASE("a cost table knows its steps") {
  const CostTable costs = numbered_costs({"a", "b"});
  CHECK(costs.of("a") == 1);
  CHECK(costs.of("b") == 10);
}

// The stage-2 leaf is never larger than what the slot's two addresses have in common (K-46, 3.4.2).
TEST_CASE("K-46 T169: where slot and process are not congruent, a huge page is mapped by pages") {
  HostRig rig({PolicyKind::thp}, 64 * MiB, 4 * MiB);
  REQUIRE(rig.vm.add_ram({{1, Ipa{one(25)}, 4 * MiB, Hva{one(45) + 4 * KiB}},
                          rig.host.add_policy({PolicyKind::thp})}) == SlotError::none);
  const Ipa at{one(25) + 3 * MiB};
  const PlacedPage placed = host_page_for(at, rig.vm);
  CHECK(placed.page.size_lg2 == 12);
  CHECK(placed.fresh_lg2 == 21);
  map_host_page(placed, rig.vm, rig.software, 0);
  CHECK(Pa{rig.vm.mapping(at)->out} == rig.vm.grant(at).pa);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("several virtual machines share the host's frames, each with its own slots and truth") {
  PhysicalMemory memory;
  Host host(memory, {64 * MiB});
  MappingPolicy* policy = host.add_policy({});
  HostVm &a = host.add_vm(), &b = host.add_vm();
  for (HostVm* vm : {&a, &b})
    REQUIRE(vm->add_ram({{0, Ipa{0}, 16 * MiB, Hva{one(46)}}, policy}) == SlotError::none);
  CHECK(a.add_ram({{1, Ipa{0}, 16 * MiB, Hva{one(45)}}, policy}) == SlotError::overlap);
  CHECK_FALSE(a.backing.area_of(Hva{one(45)}));
  CHECK(a.backing.touch(Hva{one(46)}, true));
  CHECK(a.grant(Ipa{0}).kind == Grant::Kind::page);
  CHECK(b.grant(Ipa{0}).kind == Grant::Kind::absent);
  CHECK(b.backing.touch(Hva{one(46)}, true));
  CHECK(a.grant(Ipa{0}).pa != b.grant(Ipa{0}).pa);
  CHECK(host.vms().size() == 2);
  CHECK(host.frames().bytes() - host.frames().free_bytes() == 2 * 4 * KiB);
}

TEST_CASE("T188: a page that the host has taken away since it was looked up is not entered") {
  HostRig rig;
  const PlacedPage slow = host_page_for(Ipa{0x5000}, rig.vm);
  const HvaRange page{Hva{one(46) + 0x5000}, 0x1000};
  REQUIRE(rig.vm.backing.discard(page));
  CHECK_FALSE(map_host_page(slow, rig.vm, rig.software, 0));
  rig.vm.backing.touch(Hva{one(46) + 0x9000}, true);  // takes the frame
  const PlacedPage again = host_page_for(Ipa{0x5000}, rig.vm);
  CHECK(again.page.frame != slow.page.frame);
  CHECK_FALSE(map_host_page(slow, rig.vm, rig.software, 0));
  CHECK(map_host_page(again, rig.vm, rig.software, 0));
  CHECK(rig.vm.mapping(Ipa{0x5000})->out == again.page.frame);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("a logged slot has a log of its pages, which moves with it and ends with logging") {
  HostRig rig;
  SlotRequest slot{0, Ipa{0}, 32 * MiB, Hva{one(46)}, false, true};
  rig.vm.mark_dirty(Ipa{0x5000});  // not logged yet
  CHECK(rig.vm.set_slot(slot).change == SlotChange::flags);
  REQUIRE(rig.vm.dirty_logs.count(0));
  CHECK(rig.vm.dirty_logs.at(0).pages() == 32 * MiB / 4096);
  rig.vm.mark_dirty(Ipa{0x5fff});
  rig.vm.mark_dirty(Ipa{one(40)});  // no slot
  slot.base = Ipa{one(30)};
  CHECK(rig.vm.set_slot(slot).change == SlotChange::move);
  rig.vm.mark_dirty(slot.base + 0x7000);
  CHECK(rig.vm.dirty_logs.at(0).take() == std::vector<std::uint64_t>{5, 7});
  slot.log_dirty = false;
  CHECK(rig.vm.set_slot(slot).change == SlotChange::flags);
  CHECK(rig.vm.dirty_logs.empty());
}

TEST_CASE("T187 T188: the host's change is told first, and repeats the faults that it overtook") {
  HostRig rig({PolicyKind::thp});
  rig.vm.backing.touch(Hva{one(46)}, true);
  const auto before = rig.vm.notifier.sequence();
  const HvaRange page{Hva{one(46) + 0x5000}, 0x1000};
  std::vector<IpaRange> unmapped;
  const bool changed = rig.vm.change_host(
      page,
      [&](const IpaRange& range) {
        unmapped.push_back(range);
        CHECK(rig.vm.grant(Ipa{0x5000}).kind == Grant::Kind::page);  // still
      },
      [&](Backing& backing) {
        CHECK(rig.vm.notifier.retry(before, Ipa{0x5000}));
        CHECK_FALSE(rig.vm.notifier.retry(before, Ipa{2 * MiB}));
        return backing.discard(page);
      });
  CHECK(changed);
  REQUIRE(unmapped.size() == 1);
  CHECK(unmapped[0].first == Ipa{0});  // the huge page is split: all of it
  CHECK(unmapped[0].bytes == 2 * MiB);
  CHECK(rig.vm.notifier.retry(before));
  CHECK(rig.vm.grant(Ipa{0x5000}).kind == Grant::Kind::absent);
  // Memory that no slot shows concerns no guest.
  const auto since = rig.vm.notifier.sequence();
  rig.vm.change_host(
      {Hva{one(44)}, 0x1000}, [](const IpaRange&) { FAIL("unmapped"); },
      [](Backing&) { return true; });
  CHECK_FALSE(rig.vm.notifier.retry(since));
}
