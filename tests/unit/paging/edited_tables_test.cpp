// EditedTables: what is mapped can be looked up, at every size, and nothing else can. Random edits:
// tests/property/paging.
#include "common/paging/edited_tables.h"

#include <doctest/doctest.h>

#include "common/paging/walk.h"
#include "unit/base/death.h"
#include "unit/paging/map_memory.h"
#include "unit/paging/odd_format.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// 12, 21 and 33 bits: heights 0, 1 and 3 of four levels with strides 9, 5, 7, 4.
constexpr OddShape four{.levels = 4, .table_lg2 = 13, .leaf_heights = 0b1011};

struct Rig {
  explicit Rig(const OddShape& shape = four) : tables(OddStage2(shape), io) {}
  MapMemory io;
  EditedTables<OddStage2> tables;
};

}  // namespace

TEST_CASE("a format's shape, as its tables' owner sees it") {
  Rig rig;
  const auto sizes = rig.tables.leaf_sizes();
  CHECK(std::vector<std::uint8_t>(sizes.begin(), sizes.end()) ==
        std::vector<std::uint8_t>{12, 21, 33});
  CHECK(rig.tables.input_bits() == 37);
  CHECK(rig.tables.root() % one(13) == 0);
}

TEST_CASE("mapping makes the tables that are missing, and says how many") {
  Rig rig;
  CHECK(rig.tables.map(0, one(40), 12, {}, rig.io) == 3);
  CHECK(rig.tables.map(0x1000, one(41), 12, {}, rig.io) == 0);
  CHECK(rig.tables.map(one(21), one(30), 21, {}, rig.io) == 0);  // beside it, in the table above
  CHECK(rig.tables.map(one(26), one(30), 21, {}, rig.io) == 1);
  CHECK(rig.tables.map(one(33), one(34), 33, {}, rig.io) == 0);  // in the root
}

TEST_CASE("lookup gives the whole mapping; a member of a run stands for itself") {
  Rig rig;
  rig.tables.map(one(21) * 3, one(30), 21, {}, rig.io);
  const auto found = rig.tables.lookup(one(21) * 3 + 0x12345, rig.io);
  REQUIRE(found);
  CHECK(found->in == one(21) * 3);
  CHECK(found->out == one(30));
  CHECK(found->size_lg2 == 21);
  CHECK(found->height == 1);
  CHECK(found->word == rig.io.words[found->entry_at]);
  CHECK_FALSE(rig.tables.lookup(one(21) * 4, rig.io));

  for (std::uint64_t i = 0; i < 4; ++i)
    rig.tables.map(0x4000 + i * 0x1000, 0x8000 + i * 0x1000, 12, {.contiguous = true}, rig.io);
  const auto member = rig.tables.lookup(0x6abc, rig.io);
  REQUIRE(member);
  CHECK(member->in == 0x6000);
  CHECK(member->out == 0xa000);
  CHECK(member->size_lg2 == 12);
}

TEST_CASE("unmap clears one leaf and leaves its tables") {
  Rig rig;
  rig.tables.map(0x1000, 0x5000, 12, {}, rig.io);
  rig.tables.map(0x2000, 0x6000, 12, {}, rig.io);
  const auto gone = rig.tables.unmap(0x1fff, rig.io);
  REQUIRE(gone);
  CHECK(gone->in == 0x1000);
  CHECK(gone->out == 0x5000);
  CHECK_FALSE(rig.tables.lookup(0x1000, rig.io));
  CHECK(rig.tables.lookup(0x2000, rig.io));
  CHECK_FALSE(rig.tables.unmap(0x1000, rig.io));
  CHECK(rig.tables.map(0x1000, 0x7000, 12, {}, rig.io) == 0);
}

TEST_CASE("protect keeps address and size") {
  Rig rig;
  rig.tables.map(one(21), one(30), 21, {}, rig.io);
  CHECK(rig.tables.protect(one(21) + 5, {.write = false, .execute = false}, rig.io));
  const auto found = rig.tables.lookup(one(21), rig.io);
  REQUIRE(found);
  CHECK(found->out == one(30));
  CHECK_FALSE(bit(found->word, odd::writable));
  CHECK(bit(found->word, odd::no_execute));
  CHECK_FALSE(rig.tables.protect(0, {}, rig.io));
}

TEST_CASE(
    "vacant: no mapping stands in the block and no table of its own, and one table holds it") {
  Rig rig;
  const auto vacant = [&](std::uint64_t in, unsigned lg2) {
    return rig.tables.vacant(in, lg2, rig.io);
  };
  CHECK(vacant(0, 33));
  CHECK(vacant(0, 37));
  rig.tables.map(one(21), one(30), 21, {}, rig.io);
  CHECK_FALSE(vacant(one(21) + 77, 12));
  CHECK_FALSE(vacant(one(21) + 77, 21));
  CHECK(vacant(0, 21));
  CHECK_FALSE(vacant(0, 22));
  CHECK(vacant(one(22), 22));
  CHECK(vacant(one(26), 26));
  CHECK_FALSE(vacant(one(26), 27));  // the neighbour below has a table
  CHECK(vacant(one(33), 33));
  rig.tables.map(0, one(31), 12, {}, rig.io);
  CHECK(vacant(0x1000, 12));
  CHECK_FALSE(vacant(0x1000, 13));
  CHECK(vacant(0x2000, 13));
  CHECK(vacant(0x10'0000, 20));
  CHECK_FALSE(vacant(0x1000, 21));
  rig.tables.unmap(0, rig.io);
  CHECK(vacant(0x1000, 20));
  CHECK_FALSE(vacant(0x1000, 21));  // the empty table stays
}

TEST_CASE(
    "a block between two leaf sizes is a row of the smaller; whole runs are marked if asked") {
  for (const bool marks : {false, true}) {
    CAPTURE(marks);
    MapMemory io;
    EditedTables<OddStage2> tables(OddStage2(four), io, marks);
    CHECK(tables.leaf_for(13) == 12);
    CHECK(tables.leaf_for(21) == 21);
    CHECK(tables.leaf_for(32) == 21);
    CHECK(tables.run_lg2(12) == (marks ? 14 : 0));
    CHECK(tables.map(0x8000, one(30) + 0x8000, 15, {}, io) == 3);  // eight leaves: two runs
    CHECK(tables.map(0x2000, one(30) + 0x2000, 13, {}, io) == 0);  // two: no run
    NoWalkCache none;
    for (std::uint64_t in = 0x8000; in < 0x10000; in += 0x1000) {
      const auto walked =
          nestwalk::walk(OddStage2(four, tables.root()), Ipa{in + 5}, Access{}, io, none);
      CHECK(walked.out == Pa{one(30) + in + 5});
      CHECK(walked.size_lg2 == (marks ? 14 : 12));
      CHECK(tables.lookup(in, io)->out == one(30) + in);
      CHECK(tables.lookup(in, io)->size_lg2 == 12);
    }
    CHECK(
        nestwalk::walk(OddStage2(four, tables.root()), Ipa{0x3000}, Access{}, io, none).size_lg2 ==
        12);
    CHECK_FALSE(tables.lookup(0x4000, io));
    CHECK_FALSE(tables.vacant(0x8000, 12, io));

    tables.unmap_block(0x8000, 15, io);
    CHECK(tables.vacant(0x8000, 15, io));
    CHECK(tables.lookup(0x3000, io));
    tables.unmap_block(0x3000, 13, io);
    CHECK(tables.vacant(0, 20, io));
  }
}

TEST_CASE("mapping over a mapping, a table or a larger page, or in a size there is not, is a bug") {
  Rig rig;
  rig.tables.map(0, one(40), 12, {}, rig.io);
  rig.tables.map(one(33), one(34), 33, {}, rig.io);
  const auto dies = [&](std::uint64_t in, std::uint64_t out, unsigned lg2) {
    return death_of([&] { rig.tables.map(in, out, lg2, {}, rig.io); }).signal == SIGABRT;
  };
  CHECK(dies(0, one(40), 12));
  CHECK(dies(0, one(40), 21));
  CHECK(dies(one(33), one(40), 12));
  CHECK(dies(one(35), one(40), 27));  // a row of leaves fills one table at the most
  CHECK(dies(one(35), one(40), 11));
  CHECK(dies(one(35) + 1, one(40), 12));
  CHECK_FALSE(dies(one(35), one(40), 12));
}
