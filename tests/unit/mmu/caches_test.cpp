// Walk caches and the stage-2 TLB in a two-stage walk: they change which references are made, never
// the answer; references made and spared together are always the full set.
#include <doctest/doctest.h>

#include "common/base/random.h"
#include "unit/mmu/two_stage_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// A guest of `g` levels whose first 32 pages are mapped in some order, all backed by base pages.
TwoStages many_pages(int g, int h) {
  TwoStages two(levels(g), levels(h));
  for (std::uint64_t i = 0; i < 32; ++i)
    two.guest.map(i << 12 | i << 22, (i * 7 % 32) << 12, 12, {.dirty = true}, two.guest_io);
  two.back_tables(12);
  for (std::uint64_t i = 0; i < 32; ++i) two.back(i << 12, 12);
  return two;
}
std::uint64_t nth_page(std::uint64_t i) { return i << 12 | i << 22; }

WalkCachesSpec caches_of(std::uint32_t stage1, std::uint32_t stage2, std::uint32_t nested,
                         bool physical) {
  WalkCachesSpec spec;
  for (std::uint8_t height = 0; height <= 2; ++height) {
    if (stage1) spec.stage1.push_back({height, entries(stage1)});
    if (stage2) spec.stage2.push_back({height, entries(stage2)});
  }
  spec.stage2_tlb = entries(nested);
  spec.stage1_holds_physical = physical;
  return spec;
}

Positions joined(const Positions& a, const Positions& b) {
  Positions all = a;
  all.insert(b.begin(), b.end());
  return all;
}

}  // namespace

TEST_CASE("whatever the caches hold: the right address, and reads plus spared are the full set") {
  for (const bool physical : {false, true})
    for (const std::uint32_t stage1 : {0u, 2u, 16u})
      for (const std::uint32_t stage2 : {0u, 2u, 16u})
        for (const std::uint32_t nested : {0u, 3u, 64u}) {
          TwoStages two = many_pages(4, 3);
          WalkCaches none(no_caches(), 1), caches(caches_of(stage1, stage2, nested, physical), 1);
          for (std::uint64_t i = 0; i < 32; ++i) two.walk(nth_page(i), none);  // sets all flags
          Random random(stage1 * 100 + stage2 * 10 + nested);
          for (int n = 0; n < 100; ++n) {
            const std::uint64_t i = random.below(32);
            const auto answer = two.walk(nth_page(i) + 8, caches);
            REQUIRE_FALSE(answer.fault);
            REQUIRE(answer.pa == Pa{two.backing + ((i * 7 % 32) << 12) + 8});
            REQUIRE(joined(answer.port.reads, answer.port.all_spared()) == all_positions(4, 3));
          }
        }
}

TEST_CASE("stage-1 walk cache with physical addresses: only the last entry and the page are left") {
  TwoStages two = many_pages(4, 3);
  WalkCaches caches(caches_of(8, 0, 0, true), 1);
  CHECK(two.walk(0, caches).port.reads.size() == 19);
  const auto again = two.walk(0, caches);
  CHECK(again.port.reads == Positions{{0, -1}, {-1, 2}, {-1, 1}, {-1, 0}});
  CHECK(again.port.spared_by_stage2_tlb.empty());
  CHECK(again.port.lookups.at(WalkPort::Lookup::stage1_walk_cache) == 1);
  CHECK_FALSE(again.port.lookups.contains(WalkPort::Lookup::stage2_tlb));
}

TEST_CASE("stage-1 walk cache without physical addresses: its table goes through stage 2") {
  TwoStages two = many_pages(4, 3);
  WalkCaches caches(caches_of(8, 0, 0, false), 1);
  two.walk(0, caches);
  CHECK(two.walk(0, caches).port.reads ==
        Positions{{0, 2}, {0, 1}, {0, 0}, {0, -1}, {-1, 2}, {-1, 1}, {-1, 0}});
}

TEST_CASE("a table that spans several host pages has no one physical address to be cached") {
  OddShape guest = levels(3);
  guest.table_lg2 = 14;
  guest.stride[0] = 11;
  constexpr std::uint64_t far = 0x7ff000;  // its entry lies in another 4 KiB of the same table
  for (const unsigned host_lg2 : {12u, 21u}) {
    TwoStages two(guest, levels(3), one(21));
    two.guest.map(0, 0x8000, 12, {}, two.guest_io);
    two.guest.map(far, 0x9000, 12, {}, two.guest_io);
    if (host_lg2 == 12) {
      two.back_tables(12);
      two.back(0x8000, 12);
      two.back(0x9000, 12);
      // The part of the table with the far entry lies somewhere else in physical memory.
      const std::uint64_t part = align_down(two.guest.lookup(far, two.guest_io)->entry_at, 12);
      for (std::uint64_t at = 0; at < 4096; at += 8)
        two.memory.write(Pa{one(45) + at}, 8, two.memory.read(Pa{two.backing + part + at}, 8));
      two.host.unmap(part, two.host_io);
      two.host.map(part, one(45), 12, {}, two.host_io);
      two.memory.clear_frame(Pa{two.backing + part});
    } else {
      two.back(0, 21);
    }
    WalkCaches caches(caches_of(8, 0, 0, true), 1);
    CHECK(two.walk(0, caches).pa == Pa{two.backing + 0x8000});
    const auto answer = two.walk(far, caches);
    CHECK(answer.pa == Pa{two.backing + 0x9000});
    // With one large host page the cached physical address serves, with small ones stage 2 is
    // walked.
    CHECK(answer.port.reads.count({0, 2}) == (host_lg2 == 12 ? 1 : 0));
  }
}

TEST_CASE("stage-2 walk cache: walks of stage 2 begin at its last table, each of them") {
  TwoStages two = many_pages(3, 3);
  WalkCaches caches(caches_of(0, 8, 0, true), 1);
  two.walk(0, caches);
  const auto again = two.walk(0, caches);
  Positions expected;
  for (const int under : {2, 1, 0, -1}) expected.insert({under, 0});
  for (const int height : {2, 1, 0}) expected.insert({height, -1});
  CHECK(again.port.reads == expected);
  CHECK(again.port.lookups.at(WalkPort::Lookup::stage2_walk_cache) == 4);
}

TEST_CASE("stage-2 TLB: each stage-1 entry still is read, stage 2 never") {
  TwoStages two = many_pages(3, 3);
  WalkCaches caches(caches_of(0, 0, 16, true), 1);
  two.walk(0, caches);
  const auto again = two.walk(0, caches);
  CHECK(again.port.reads == Positions{{2, -1}, {1, -1}, {0, -1}});
  CHECK(again.port.spared_by_stage2_tlb.size() == 4 * 3);
  CHECK(again.port.lookups.at(WalkPort::Lookup::stage2_tlb) == 4);
}

TEST_CASE("the stage-2 TLB is probed with the intermediate address") {
  TwoStages two = many_pages(3, 3);
  WalkCaches caches(caches_of(0, 0, 64, true), 1);
  two.walk(nth_page(3), caches);
  CHECK(caches.stage2_tlb.lookup(Ipa{21 << 12}, two.tag));  // 3 * 7
  CHECK_FALSE(caches.stage2_tlb.lookup(Ipa{nth_page(3)}, two.tag));
}

TEST_CASE(
    "a stage-2-TLB entry that needs a flag set is dropped, walked again and kept with the flag") {
  TwoStages two(levels(2), levels(2));
  two.guest.map(0x5000, 0x9000, 12, {.dirty = true}, two.guest_io);
  two.back_tables(12);
  two.back(0x9000, 12, {});
  WalkCaches caches(caches_of(0, 0, 16, true), 1);
  two.walk(0x5000, caches);
  const Access writes{.type = AccessType::write};
  const auto first = two.walk(0x5000, caches, writes);
  CHECK(first.port.reads.count({-1, 0}) == 1);
  CHECK(bit(two.host.lookup(0x9000, two.host_io)->word, odd::dirty));
  const auto second = two.walk(0x5000, caches, writes);
  CHECK(second.port.reads.count({-1, 0}) == 0);
}

TEST_CASE("a stage-2-TLB entry without the right is not served: the walk finds the new rights") {
  TwoStages two = many_pages(2, 2);
  two.host.protect(0, {.write = false}, two.host_io);
  WalkCaches caches(caches_of(0, 0, 16, true), 1);
  CHECK_FALSE(two.walk(0, caches).fault);
  two.host.protect(0, {.dirty = true}, two.host_io);
  CHECK_FALSE(two.walk(0, caches, {.type = AccessType::write}).fault);
}

TEST_CASE("a cached stage-1 table keeps the rights gathered above it") {
  TwoStages two = many_pages(3, 2);
  const OddStage1 format(levels(3), two.guest.root());
  const std::uint64_t root_entry = format.entry_address(Ipa{two.guest.root()}, Va{0}, 2).value;
  two.guest_io.store(root_entry, 8, two.guest_io.load(root_entry, 8) & ~one(odd::writable));
  WalkCaches caches(caches_of(8, 8, 8, true), 1);
  CHECK_FALSE(two.walk(0, caches).fault);
  const auto denied = two.walk(0, caches, {.type = AccessType::write});
  CHECK(denied.fault.cause == FaultCause::permission);
  CHECK(denied.port.reads.count({2, -1}) == 0);  // judged from the cached path
}

TEST_CASE("an update in a table begun from the cache is translated for writing") {
  TwoStages two(levels(3), levels(2));
  two.guest.map(0x5000, 0x9000, 12, {.accessed = false}, two.guest_io);
  two.guest.map(0x6000, 0xa000, 12, {}, two.guest_io);
  two.back_tables(12);
  two.back(0x9000, 12);
  two.back(0xa000, 12);
  WalkCaches caches(caches_of(8, 0, 0, true), 1);
  two.walk(0x6000, caches);
  const auto answer = two.walk(0x5000, caches);
  CHECK_FALSE(answer.fault);
  CHECK(answer.port.updates.count({0, -1}) == 1);
  CHECK(bit(two.guest.lookup(0x5000, two.guest_io)->word, odd::accessed));

  // In a page that the host has made read-only meanwhile, that is a fault though the read was not.
  two.guest.protect(0x5000, {.accessed = false}, two.guest_io);
  two.host.protect(two.guest.lookup(0x5000, two.guest_io)->entry_at, {.write = false}, two.host_io);
  const auto denied = two.walk(0x5000, caches);
  CHECK(denied.fault.stage == 2);
  CHECK(denied.fault.wanted_write);
}

TEST_CASE("an overtaken walk fills nothing, and answers all the same") {
  TwoStages two = many_pages(4, 3);
  WalkCaches caches(caches_of(8, 8, 8, true), 1);
  WalkUnderWay walk;
  walk.walks_overtaken = true;
  const auto answer = two.walk(nth_page(3), caches, {}, &walk);
  CHECK(answer.pa == Pa{two.backing + (21 << 12)});
  CHECK(caches.stage1.occupied() == 0);
  CHECK(caches.stage2.occupied() == 0);
  CHECK(caches.stage2_tlb.occupied() == 0);
}

TEST_CASE("another owner's entries do not serve") {
  TwoStages two = many_pages(3, 3);
  WalkCaches caches(caches_of(8, 8, 8, true), 1);
  two.walk(0, caches);
  two.tag = Tag{9, 9, 9, 9};
  // Cold, except for what this walk itself has just cached of stage 2's upper tables: 15 - 6.
  CHECK(two.walk(0, caches).port.reads.size() == 9);
  CHECK(two.walk(0, caches).port.reads == Positions{{0, -1}});
}

TEST_CASE("one stage: the walk cache alone, with its references") {
  PhysicalMemory memory;
  BumpIo io(memory, 0x10'0000, 0);
  const OddShape shape = levels(4);
  EditedTables<OddStage1> tables(OddStage1(shape), io);
  tables.map(0x5000, 0x9000, 12, {}, io);
  const OddStage1 format(shape, tables.root());
  WalkCaches caches(caches_of(4, 0, 0, true), 1);
  for (const bool warm : {false, true}) {
    RecordingPort port(memory);
    IdentityTables identity(port);
    StageCache<OddStage1, IdentityTables> cache(format, caches.stage1, {}, port,
                                                WalkPort::Lookup::stage1_walk_cache, identity);
    const auto walked = nestwalk::walk(format, Va{0x5678}, Access{}, identity, cache);
    CHECK(walked.out == Ipa{0x9678});
    const Positions all{{3, -1}, {2, -1}, {1, -1}, {0, -1}};
    CHECK(joined(port.reads, port.all_spared()) == all);
    CHECK(port.reads.size() == (warm ? 1 : 4));
  }
}
