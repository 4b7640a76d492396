// AssocArray: narrow and wide sets, keys under two tags, filling, evicting and dropping.
#include "common/tlb/assoc_array.h"

#include <doctest/doctest.h>

#include <map>

#include "common/base/random.h"

using namespace nestwalk;

TEST_CASE("geometry: ways, sets, and sets that are no power of two") {
  const AssocArray full({12, 0, Replacement::lru}, 1);
  CHECK(full.ways() == 12);
  CHECK(full.sets() == 1);
  CHECK(full.set_of(77) == 0);
  const AssocArray sixteen({64, 4, Replacement::lru}, 1);
  CHECK(sixteen.sets() == 16);
  CHECK(sixteen.set_of(35) == 3);
  const AssocArray three({12, 4, Replacement::lru}, 1);
  CHECK(three.sets() == 3);
  CHECK(three.set_of(35) == 2);
  const AssocArray direct({8, 1, Replacement::lru}, 1);
  CHECK(direct.sets() == 8);
}

TEST_CASE("a key is found in its set, under either tag, and nowhere else") {
  for (const unsigned ways : {1u, 4u, 8u, 9u, 64u}) {
    AssocArray array({ways * 2, ways, Replacement::lru}, 1);
    const std::size_t slot = array.fill(1, 42, 7).slot;
    CHECK(array.find(1, 42, 7, 7) == slot);
    CHECK(array.find(1, 42, 0, 7) == slot);
    CHECK(array.find(1, 42, 7, 0) == slot);
    CHECK(array.find(1, 42, 6, 8) == AssocArray::none);
    CHECK(array.find(1, 43, 7, 7) == AssocArray::none);
    CHECK(array.find(0, 42, 7, 7) == AssocArray::none);
    CHECK(array.key(slot) == 42);
    CHECK(array.tag(slot) == 7);
  }
}

TEST_CASE("a wide set finds a key in every way, also the last, beside others of the same print") {
  constexpr unsigned ways = 300;  // more than prints exist: some must be shared
  AssocArray array({ways, 0, Replacement::lru}, 1);
  for (std::uint64_t key = 0; key < ways; ++key) CHECK(array.fill(0, key, 1).slot == key);
  for (std::uint64_t key = 0; key < ways; ++key) CHECK(array.find(0, key, 1, 1) == key);
  for (std::uint64_t key = ways; key < 2000; ++key)
    CHECK(array.find(0, key, 1, 1) == AssocArray::none);
  CHECK(array.find(0, 5, 2, 2) == AssocArray::none);
}

TEST_CASE("dropping is harmless twice, and a dropped key is not found") {
  for (const unsigned ways : {4u, 16u}) {
    AssocArray array({ways, 0, Replacement::lru}, 1);
    const std::size_t slot = array.fill(0, 42, 7).slot;
    array.drop(slot);
    array.drop(slot);
    CHECK(array.occupied() == 0);
    CHECK_FALSE(array.valid(slot));
    CHECK(array.find(0, 42, 7, 7) == AssocArray::none);
  }
}

TEST_CASE("repeated use of one slot counts, though only its first is told to the policy") {
  AssocArray array({2, 0, Replacement::lru}, 1);
  const std::size_t a = array.fill(0, 1, 0).slot, b = array.fill(0, 2, 0).slot;
  array.used(a);
  array.used(a);
  CHECK(array.fill(0, 3, 0).slot == b);
  array.used(a);
  array.fill(0, 4, 0);
  CHECK(array.find(0, 1, 0, 0) == a);
}

TEST_CASE("random use agrees with a model of its contents") {
  for (const Replacement kind : all_replacements)
    for (const unsigned ways : {4u, 12u}) {
      AssocArray array({5 * ways, ways, kind}, 3);
      std::map<std::size_t, std::pair<std::uint64_t, std::uint64_t>> model;  // slot: key, tag
      Random random(ways);
      for (int i = 0; i < 5000; ++i) {
        const std::uint64_t key = random.below(200), tag = random.below(3);
        const std::size_t set = array.set_of(key);
        const std::size_t slot = array.find(set, key, tag, tag);
        std::size_t expected = AssocArray::none;
        for (const auto& [at, held] : model)
          if (held == std::pair{key, tag}) expected = at;
        REQUIRE(slot == expected);
        if (slot == AssocArray::none) {
          const auto filled = array.fill(set, key, tag);
          REQUIRE(filled.slot / ways == set);
          REQUIRE(filled.evicted == model.contains(filled.slot));
          model[filled.slot] = {key, tag};
        } else if (random.below(4) == 0) {
          array.drop(slot);
          model.erase(slot);
        } else {
          array.used(slot);
        }
        REQUIRE(array.occupied() == model.size());
      }
    }
}
