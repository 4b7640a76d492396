// walk(): an entry that changes between the read and the update that marks it is judged again as
// what it has become.
#include <doctest/doctest.h>

#include "common/paging/edited_tables.h"
#include "common/paging/walk.h"
#include "unit/paging/map_memory.h"
#include "unit/paging/odd_format.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr Access write_access{.type = AccessType::write};

// A page whose leaf and tables are not marked yet, and something else that changes one entry just
// before the walk's update reaches it.
struct Race {
  Race() : tables(OddStage1(OddShape{}), memory) {
    tables.map(0x5000, 0x9000, 12, {.accessed = false}, memory);
  }
  std::uint64_t leaf_at() { return tables.lookup(0x5000, memory)->entry_at; }
  // At the first update of `at` the entry becomes `word`.
  Walked<OddStage1> walk(std::uint64_t at, std::uint64_t word, const Access& access = {}) {
    memory.before_update = [=, this, done = false](std::uint64_t updated) mutable {
      if (updated == at && !done) {
        memory.words[at] = word;
        done = true;
      }
    };
    NoWalkCache none;
    return nestwalk::walk(OddStage1(OddShape{}, tables.root()), Va{0x5123}, access, memory, none);
  }

  MapMemory memory;
  EditedTables<OddStage1> tables;
};

}  // namespace

TEST_CASE("the leaf is unmapped meanwhile: not present, and the entry is left alone") {
  Race race;
  const std::uint64_t at = race.leaf_at();
  const auto walked = race.walk(at, 0);
  CHECK(walked.fault.cause == FaultCause::not_present);
  CHECK(walked.fault.height == 0);
  CHECK(race.memory.words[at] == 0);
}

TEST_CASE("the leaf is remapped meanwhile: the new address, and the new entry is marked") {
  Race race;
  const std::uint64_t at = race.leaf_at();
  const std::uint64_t moved = OddStage1(OddShape{}).make_leaf(Ipa{0x7000}, 0, {.accessed = false});
  const auto walked = race.walk(at, moved);
  CHECK(walked.out == Ipa{0x7123});
  CHECK(walked.word == (moved | one(odd::accessed)));
  CHECK(race.memory.words[at] == walked.word);
}

TEST_CASE("the leaf loses the right meanwhile: permission") {
  Race race;
  const auto walked =
      race.walk(race.leaf_at(), OddStage1(OddShape{}).make_leaf(Ipa{0x9000}, 0, {.write = false}),
                write_access);
  CHECK(walked.fault.cause == FaultCause::permission);
}

TEST_CASE("another walker sets the same flag meanwhile: nothing more to do") {
  Race race;
  const std::uint64_t at = race.leaf_at();
  const std::uint64_t marked = race.memory.words[at] | one(odd::accessed);
  const auto walked = race.walk(at, marked);
  CHECK(walked.out == Ipa{0x9123});
  CHECK(walked.word == marked);
  CHECK(race.memory.updates.size() == 3);  // two tables and the one that found it done
}

TEST_CASE("a table entry becomes a leaf meanwhile") {
  Race race;
  const std::uint64_t at = OddStage1(OddShape{}, race.tables.root())
                               .entry_address(Ipa{race.tables.root()}, Va{0x5000}, 2)
                               .value;
  const auto walked =
      race.walk(at, OddStage1(OddShape{}).make_leaf(Ipa{one(26)}, 2, {.accessed = false}));
  CHECK(walked.out == Ipa{one(26) + 0x5123});
  CHECK(walked.height == 2);
}

TEST_CASE(
    "a table entry is replaced meanwhile: the walk goes down the new table, with its rights") {
  Race race;
  race.tables.map(one(26), 0xa000, 12, {}, race.memory);  // a second table of height 1, same slot 0
  const OddStage1 format(OddShape{}, race.tables.root());
  const auto entry = [&](std::uint64_t va) {
    return format.entry_address(Ipa{race.tables.root()}, Va{va}, 2).value;
  };
  const std::uint64_t other = race.memory.words[entry(one(26))] & ~one(odd::writable);
  race.tables.map(one(26) + 0x5000, 0xb000, 12, {}, race.memory);
  const auto walked = race.walk(entry(0x5000), other);
  CHECK(walked.out == Ipa{0xb123});
  CHECK_FALSE(walked.path.write);
}

TEST_CASE("nothing answers the update") {
  Race race;
  const std::uint64_t at = race.leaf_at();
  race.memory.before_update = [&](std::uint64_t updated) {
    if (updated == at) race.memory.dead.insert(at);
  };
  NoWalkCache none;
  const auto walked = nestwalk::walk(OddStage1(OddShape{}, race.tables.root()), Va{0x5000},
                                     Access{}, race.memory, none);
  CHECK(walked.fault.cause == FaultCause::bus_error);
  CHECK(walked.fault.height == 0);
}
