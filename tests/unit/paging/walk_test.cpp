// walk(): every way it can end, with what the fault or the answer says, on the odd format.
#include "common/paging/walk.h"

#include <doctest/doctest.h>

#include "common/paging/edited_tables.h"
#include "unit/paging/map_memory.h"
#include "unit/paging/odd_format.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

struct Rig {
  explicit Rig(const OddShape& s = {}) : shape(s), tables(OddStage1(s), memory) {}
  Walked<OddStage1> walk(std::uint64_t va, const Access& access = {}) {
    memory.reads.clear();
    memory.updates.clear();
    NoWalkCache none;
    return nestwalk::walk(OddStage1(shape, tables.root()), Va{va}, access, memory, none);
  }
  std::uint64_t& leaf(std::uint64_t va) {
    return memory.words[tables.lookup(va, memory)->entry_at];
  }
  // The entry at `height` on the path of `va`.
  std::uint64_t entry_at(std::uint64_t va, int height) {
    const OddStage1 format(shape, tables.root());
    std::uint64_t table = tables.root();
    for (int h = format.root_height();; --h) {
      const std::uint64_t at = format.entry_address(Ipa{table}, Va{va}, h).value;
      if (h == height) return at;
      table = OddStage1::out_of(memory.words[at]);
    }
  }

  OddShape shape;
  MapMemory memory;
  EditedTables<OddStage1> tables;
};

constexpr Access write_access{.type = AccessType::write};
constexpr Access fetch_access{.type = AccessType::fetch};
constexpr MapRights fresh{.accessed = false};

}  // namespace

TEST_CASE("a walk reads one entry per level, from the root down, and keeps the offset") {
  Rig rig;
  rig.tables.map(0x5000, 0x9000, 12, {}, rig.memory);
  const auto walked = rig.walk(0x5678);
  CHECK_FALSE(walked.fault);
  CHECK(walked.out == Ipa{0x9678});
  CHECK(walked.height == 0);
  CHECK(walked.size_lg2 == 12);
  CHECK(walked.path.depth == 2);
  CHECK(walked.entry_at.value == rig.entry_at(0x5678, 0));
  CHECK(walked.word == rig.memory.words[walked.entry_at.value]);
  CHECK(rig.memory.reads == std::vector<std::uint64_t>{rig.entry_at(0x5678, 2),
                                                       rig.entry_at(0x5678, 1),
                                                       rig.entry_at(0x5678, 0)});
}

TEST_CASE("a large leaf ends the walk early") {
  Rig rig;
  rig.tables.map(one(26), one(27), 26, {}, rig.memory);  // 12 + 9 + 5: height 2
  const auto walked = rig.walk(one(26) + 0x123456);
  CHECK(walked.out == Ipa{one(27) + 0x123456});
  CHECK(walked.height == 2);
  CHECK(walked.size_lg2 == 26);
  CHECK(rig.memory.reads.size() == 1);
}

TEST_CASE("a run of leaves counts as one block") {
  Rig rig;
  for (std::uint64_t i = 0; i < 4; ++i)
    rig.tables.map(0x4000 + i * 0x1000, 0x8000 + i * 0x1000, 12, {.contiguous = true}, rig.memory);
  for (std::uint64_t va = 0x4000; va < 0x8000; va += 0x800) {
    CHECK(rig.walk(va).out == Ipa{va + 0x4000});
    CHECK(rig.walk(va).size_lg2 == 14);
  }
}

TEST_CASE("an input address beyond the tables is refused before anything is read") {
  Rig rig;
  const auto walked = rig.walk(one(33));  // 12 + 9 + 5 + 7 bits
  CHECK(walked.fault.cause == FaultCause::non_canonical);
  CHECK(walked.fault.before_walk);
  CHECK(walked.fault.height == 2);
  CHECK(rig.memory.reads.empty());
}

TEST_CASE("entries that end a walk: at every height, with that height") {
  struct Case {
    std::uint64_t broken;  // written over the entry
    FaultCause cause;
  };
  const Case cases[] = {
      {0, FaultCause::not_present},
      {one(odd::absent) | odd::leaf_kind, FaultCause::not_present},
      {3, FaultCause::malformed},
      {one(odd::zero) | odd::table_kind, FaultCause::malformed},
      {one(40) | odd::leaf_kind | one(odd::accessed), FaultCause::malformed},  // not at height 1
      {bits(~std::uint64_t{0}, 43, 4) << 4 | odd::table_kind, FaultCause::address_size}};
  for (const Case& c : cases)
    for (int height = 0; height <= 2; ++height) {
      Rig rig;
      rig.tables.map(0x5000, 0x9000, 12, {}, rig.memory);
      rig.memory.words[rig.entry_at(0x5000, height)] = c.broken;
      const auto walked = rig.walk(0x5000);
      FaultCause expected = c.cause;
      if (bits(c.broken, 2, 0) == odd::leaf_kind && c.cause == FaultCause::malformed) {
        if (height != 1) continue;  // a good leaf there
      } else if (bits(c.broken, 2, 0) == odd::table_kind && height == 0) {
        expected = FaultCause::malformed;  // no table below the last level
      }
      CAPTURE(c.broken);
      CHECK(walked.fault.cause == expected);
      CHECK(walked.fault.height == height);
      CHECK_FALSE(walked.fault.before_walk);
      CHECK(walked.path.depth == 2 - height);
      CHECK(rig.memory.reads.size() == static_cast<std::size_t>(3 - height));
      CHECK(rig.memory.updates.size() <= 2);  // no flag set in the entry that ended it
    }
}

TEST_CASE("nothing answers: the memory's fault is handed through") {
  for (int height = 0; height <= 2; ++height) {
    Rig rig;
    rig.tables.map(0x5000, 0x9000, 12, {}, rig.memory);
    rig.memory.dead.insert(rig.entry_at(0x5000, height));
    const auto walked = rig.walk(0x5000);
    CHECK(walked.fault.cause == FaultCause::bus_error);
    CHECK(walked.fault.height == height);
  }
}

TEST_CASE(
    "rights: each kind of access, each denial with its detail, and the leaf it was read from") {
  struct Case {
    MapRights rights;
    Access access;
    std::uint32_t detail;  // 0: allowed
  };
  const Case cases[] = {
      {{}, {}, 0},
      {{}, write_access, 0},
      {{}, fetch_access, 0},
      {{.read = false}, {}, 1},
      {{.read = false}, write_access, 0},
      {{.read = false}, {.type = AccessType::write, .read_modify_write = true}, 1},
      {{.write = false}, {}, 0},
      {{.write = false}, write_access, 2},
      {{.execute = false}, fetch_access, 3},
      {{.user = false}, {}, 4},
      {{.user = false}, {.user = false}, 0}};
  for (const Case& c : cases) {
    Rig rig;
    rig.tables.map(0x5000, 0x9000, 12, c.rights, rig.memory);
    const std::uint64_t before = rig.leaf(0x5000);
    const auto walked = rig.walk(0x5000, c.access);
    CHECK(walked.fault.detail == c.detail);
    CHECK(static_cast<bool>(walked.fault) == (c.detail != 0));
    if (!walked.fault) continue;
    CHECK(walked.fault.cause == FaultCause::permission);
    CHECK(walked.fault.height == 0);
    CHECK(walked.word == before);
    CHECK(rig.leaf(0x5000) == before);  // a denied access sets no flag
  }
}

TEST_CASE("rights are gathered from every table on the path") {
  for (int height = 1; height <= 2; ++height) {
    Rig rig;
    rig.tables.map(0x5000, 0x9000, 12, {}, rig.memory);
    rig.memory.words[rig.entry_at(0x5000, height)] &= ~one(odd::writable);
    CHECK_FALSE(rig.walk(0x5000).fault);
    const auto walked = rig.walk(0x5000, write_access);
    CHECK(walked.fault.cause == FaultCause::permission);
    CHECK_FALSE(walked.path.write);
  }
}

TEST_CASE("flags: accessed on the way, dirty by a write only, and only once") {
  Rig rig;
  rig.tables.map(0x5000, 0x9000, 12, fresh, rig.memory);
  CHECK(bit(rig.walk(0x5000).word, odd::accessed));
  CHECK(rig.memory.updates.size() == 3);
  for (int height = 0; height <= 2; ++height)
    CHECK(bit(rig.memory.words[rig.entry_at(0x5000, height)], odd::accessed));
  CHECK_FALSE(bit(rig.leaf(0x5000), odd::dirty));
  rig.walk(0x5000);
  CHECK(rig.memory.updates.empty());
  CHECK(bit(rig.walk(0x5000, write_access).word, odd::dirty));
  CHECK(rig.memory.updates == std::vector<std::uint64_t>{rig.entry_at(0x5000, 0)});
}

TEST_CASE("without hardware flags a clear one faults and nothing is updated") {
  Rig rig(OddShape{.hardware_flags = false});
  rig.tables.map(0x5000, 0x9000, 12, fresh, rig.memory);
  CHECK(rig.walk(0x5000).fault.cause == FaultCause::access_flag);
  CHECK(rig.memory.updates.empty());
}

TEST_CASE("a cache may start the walk anywhere; only tables below that are offered to it") {
  Rig rig;
  rig.tables.map(0x5000, 0x9000, 12, {}, rig.memory);
  struct Spy {
    int start;  // height from which the walk shall begin; 2: the root
    std::uint64_t table;
    std::vector<int> filled;
    bool longest(Va, WalkPoint<Ipa, OddStage1::Path>& point) {
      if (start == 2) return false;
      point = {Ipa{table}, static_cast<std::int8_t>(start), {false, 9}};
      return true;
    }
    void fill(Va, const WalkPoint<Ipa, OddStage1::Path>& point) { filled.push_back(point.height); }
  };
  for (int start = 0; start <= 2; ++start) {
    std::uint64_t table = rig.tables.root();
    for (int h = 2; h > start; --h)
      table = OddStage1::out_of(rig.memory.words[rig.entry_at(0x5000, h)]);
    Spy spy{start, table, {}};
    rig.memory.reads.clear();
    const auto walked = nestwalk::walk(OddStage1(rig.shape, rig.tables.root()), Va{0x5000},
                                       Access{}, rig.memory, spy);
    CHECK(walked.out == Ipa{0x9000});
    CHECK(rig.memory.reads.size() == static_cast<std::size_t>(start + 1));
    CHECK(spy.filled == (start == 2   ? std::vector<int>{1, 0}
                         : start == 1 ? std::vector<int>{0}
                                      : std::vector<int>{}));
    if (start < 2) CHECK(walked.path.depth == 9 + start);  // the cached path goes on
    if (start < 2) CHECK_FALSE(walked.path.write);
  }
}
