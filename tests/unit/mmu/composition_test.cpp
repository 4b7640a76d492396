// Two stages put together: (g+1)(h+1)-1 references follow for every pair of depths and page sizes,
// with the answer that the two tables give; faults say whose they are.
#include <doctest/doctest.h>

#include "unit/mmu/two_stage_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t va = 0x5000, page = 0x9000;

// Everything mapped with base pages: 0x5000 -> 0x9000 -> backing.
TwoStages based(int g, int h) {
  TwoStages two(levels(g), levels(h));
  two.guest.map(va, page, 12, {}, two.guest_io);
  two.back_tables(12);
  two.back(page, 12);
  return two;
}

}  // namespace

TEST_CASE("cold walks read every position exactly once, for every pair of depths") {
  for (int g = 1; g <= 6; ++g)
    for (int h = 1; h <= 6; ++h) {
      TwoStages two(levels(g), levels(h));
      two.guest.map(va, page, 12, {}, two.guest_io);
      REQUIRE(two.guest_io.end() <= one(OddStage2(levels(h)).input_bits()));
      two.back_tables(12);
      two.back(page, 12);
      WalkCaches none(no_caches(), 1);
      const auto answer = two.walk(va + 0x123, none);
      CAPTURE(g);
      CAPTURE(h);
      CHECK_FALSE(answer.fault);
      CHECK(answer.pa == Pa{two.backing + page + 0x123});
      CHECK(answer.port.reads == all_positions(g, h));
      CHECK(answer.port.reads.size() == static_cast<std::size_t>((g + 1) * (h + 1) - 1));
      CHECK(answer.port.all_spared().empty());
      CHECK(answer.port.lookups.empty());
    }
}

TEST_CASE("the pairs of depths that real machines have were among them") {
  for (const auto& [g, h, reads] : {std::tuple{4, 4, 24u}, {5, 5, 35u}, {4, 3, 19u}}) {
    TwoStages two = based(g, h);
    WalkCaches none(no_caches(), 1);
    CHECK(two.walk(va, none).port.reads.size() == reads);
  }
}

TEST_CASE("larger pages on either side drop their positions") {
  struct Case {
    unsigned guest_lg2, host_lg2;
    std::size_t reads;
  };
  // Four levels over four; leaves of 2^12, 2^21, 2^26 stand at heights 0, 1, 2.
  for (const Case& c : {Case{12, 12, 24},
                        {21, 12, 19},
                        {26, 12, 14},
                        {12, 21, 19},
                        {21, 21, 15},
                        {26, 26, 8},
                        {12, 26, 14}}) {
    TwoStages two(levels(4), levels(4));
    const std::uint64_t in = one(27), out = one(28);
    two.guest.map(in, out, c.guest_lg2, {}, two.guest_io);
    two.back_tables(c.host_lg2);
    two.back(out, c.host_lg2);
    WalkCaches none(no_caches(), 1);
    const auto answer = two.walk(in + 0xabc, none);
    CHECK(answer.pa == Pa{two.backing + out + 0xabc});
    CHECK(answer.port.reads.size() == c.reads);
  }
}

TEST_CASE("a guest leaf larger than its backing: each part through its own host page") {
  TwoStages two(levels(3), levels(3));
  two.guest.map(0, one(21), 21, {}, two.guest_io);
  two.back_tables(12);
  two.host.map(one(21) + 0x3000, one(40), 12, {}, two.host_io);
  two.host.map(one(21) + 0x4000, one(41), 12, {}, two.host_io);
  WalkCaches none(no_caches(), 1);
  CHECK(two.walk(0x3456, none).pa == Pa{one(40) + 0x456});
  CHECK(two.walk(0x4456, none).pa == Pa{one(41) + 0x456});
  CHECK(two.walk(0x5456, none).fault.cause == FaultCause::not_present);
}

TEST_CASE("stage-2 faults: on each stage-1 table, or for the final address") {
  for (int height = -1; height <= 2; ++height) {
    TwoStages two = based(3, 3);
    const OddStage1 format(levels(3), two.guest.root());
    std::uint64_t entry = page;  // the intermediate address that will not be backed
    for (std::uint64_t table = two.guest.root(), h = 2; height >= 0; --h) {
      entry = format.entry_address(Ipa{table}, Va{va}, static_cast<int>(h)).value;
      if (static_cast<int>(h) == height) break;
      table = OddStage1::out_of(two.guest_io.load(entry, 8));
    }
    two.host.unmap(entry, two.host_io);
    WalkCaches none(no_caches(), 1);
    const auto answer = two.walk(va, none);
    CAPTURE(height);
    CHECK(answer.fault.cause == FaultCause::not_present);
    CHECK(answer.fault.stage == 2);
    CHECK(answer.fault.height == 0);
    CHECK(answer.fault.on_table_walk == (height >= 0));
    CHECK_FALSE(answer.fault.wanted_write);
    CHECK(answer.fault.ipa == Ipa{entry});
  }
}

TEST_CASE("a stage-2 fault for the final address says which access was refused") {
  TwoStages two = based(3, 3);
  two.host.protect(page, {.write = false}, two.host_io);
  WalkCaches none(no_caches(), 1);
  CHECK_FALSE(two.walk(va, none).fault);
  const auto answer = two.walk(va + 8, none, {.type = AccessType::write});
  CHECK(answer.fault.cause == FaultCause::permission);
  CHECK(answer.fault.stage == 2);
  CHECK_FALSE(answer.fault.on_table_walk);
  CHECK(answer.fault.wanted_write);
  CHECK(answer.fault.ipa == Ipa{page + 8});
}

TEST_CASE("a stage-1 fault in two stages leaves the stage to the engine and reads no further") {
  TwoStages two = based(3, 3);
  WalkCaches none(no_caches(), 1);
  const auto answer = two.walk(va + 0x1000, none);
  CHECK(answer.fault.cause == FaultCause::not_present);
  CHECK(answer.fault.stage == 0);
  CHECK(answer.fault.height == 0);
  CHECK(answer.port.reads.size() == 3 * 4);
}

TEST_CASE("nothing answers: a bus error on the stage whose entry it was") {
  TwoStages two = based(2, 2);
  WalkCaches none(no_caches(), 1);
  const auto good = two.walk(va, none).port.addresses;  // 2 of stage 2, 1 of stage 1, twice, then 2
  REQUIRE(good.size() == 8);
  for (std::size_t i = 0; i < good.size(); ++i) {
    TwoStages::Answer answer{{}, {}, RecordingPort(two.memory)};
    answer.port.dead.insert(good[i]);
    two.walk_on(answer, va, none, {});
    CAPTURE(i);
    CHECK(answer.fault.cause == FaultCause::bus_error);
    const bool stage1 = i == 2 || i == 5;
    CHECK(answer.fault.stage == (stage1 ? 1 : 2));
    if (stage1) CHECK(answer.fault.height == (i == 2 ? 1 : 0));
  }
}

TEST_CASE("flags of both stages are set by one walk: the walker's updates are writes to stage 2") {
  TwoStages two(levels(2), levels(2));
  two.guest.map(va, page, 12, {.accessed = false}, two.guest_io);
  two.back_tables(12, {.accessed = false});
  two.back(page, 12, {.accessed = false});
  WalkCaches none(no_caches(), 1);
  const auto answer = two.walk(va, none, {.type = AccessType::write});
  CHECK_FALSE(answer.fault);
  const auto leaf = [&](std::uint64_t ipa) { return two.host.lookup(ipa, two.host_io)->word; };
  CHECK(bit(two.guest.lookup(va, two.guest_io)->word, odd::dirty));
  CHECK(bit(leaf(two.guest.root()), odd::dirty));
  CHECK(bit(leaf(page), odd::dirty));
  CHECK(answer.port.updates.count({1, -1}) == 1);
  CHECK(answer.port.updates.count({0, -1}) == 1);
  CHECK(answer.port.updates.count({-1, 0}) == 1);
}

TEST_CASE("updating a stage-1 entry in a read-only page of the host is a stage-2 write fault") {
  TwoStages two(levels(2), levels(2));
  two.guest.map(va, page, 12, {.accessed = false}, two.guest_io);
  two.back_tables(12, {.write = false});
  two.back(page, 12);
  WalkCaches none(no_caches(), 1);
  const auto answer = two.walk(va, none);
  CHECK(answer.fault.cause == FaultCause::permission);
  CHECK(answer.fault.stage == 2);
  CHECK(answer.fault.on_table_walk);
  CHECK(answer.fault.wanted_write);
  CHECK(answer.fault.ipa.aligned(12) == Ipa{two.guest.root()}.aligned(12));
}

TEST_CASE(
    "an update uses the read's translation again if that allows writing, else walks stage 2") {
  for (const bool dirty : {true, false}) {
    TwoStages two(levels(2), levels(3));
    two.guest.map(va, page, 12, {.accessed = false}, two.guest_io);
    two.back_tables(12, {.dirty = dirty});
    two.back(page, 12);
    WalkCaches none(no_caches(), 1);
    two.walk(va + 0x1000, none);  // accessed flags of stage 2, and of the guest's root entry
    two.guest.protect(va, {.accessed = false}, two.guest_io);
    for (const std::uint64_t ipa : {two.guest.root(), two.guest.lookup(va, two.guest_io)->entry_at})
      two.host.protect(ipa, {.dirty = dirty}, two.host_io);
    const auto answer = two.walk(va, none);
    CHECK_FALSE(answer.fault);
    CHECK(answer.port.updates.count({0, -1}) == 1);
    // Stage 2 is walked once for the read of the leaf's table, and once more for the update of a
    // page that is not dirty yet.
    CHECK(answer.port.reads.count({0, 0}) == (dirty ? 1 : 2));
  }
}

TEST_CASE("stage 2 may take every read of a table for a write") {
  OddShape host = levels(2);
  host.reads_dirty_tables = true;
  TwoStages two(levels(2), host);
  two.guest.map(va, page, 12, {}, two.guest_io);
  two.back_tables(12, {});
  two.back(page, 12, {});
  WalkCaches none(no_caches(), 1);
  CHECK_FALSE(two.walk(va, none).fault);
  CHECK(bit(two.host.lookup(two.guest.root(), two.host_io)->word, odd::dirty));
  CHECK_FALSE(bit(two.host.lookup(page, two.host_io)->word, odd::dirty));
}
