// What every replacement policy of the list must do, and what each promises beyond that.
#include <doctest/doctest.h>

#include <bit>
#include <list>
#include <vector>

#include "common/base/random.h"
#include "common/tlb/assoc_array.h"
#include "common/tlb/replacement.h"

using namespace nestwalk;

namespace {

constexpr unsigned all_ways[] = {1, 2, 3, 4, 5, 6, 8, 12, 16, 72};
constexpr std::size_t sets = 3;

struct Touch {
  std::size_t set;
  unsigned way;
};

Touch random_touch(Random& random, unsigned ways) {
  return {random.below(sets), static_cast<unsigned>(random.below(ways))};
}

std::vector<unsigned> victims_of_random_use(Replacement kind, unsigned ways, std::uint64_t seed) {
  const auto policy = make_replacement(kind, sets, ways, seed);
  Random random(99);
  std::vector<unsigned> victims;
  for (int i = 0; i < 2000; ++i) {
    const Touch touch = random_touch(random, ways);
    if (random.below(2)) {
      policy->used(touch.set, touch.way);
    } else {
      const unsigned victim = policy->victim(touch.set);
      victims.push_back(victim);
      policy->filled(touch.set, victim);
    }
  }
  return victims;
}

}  // namespace

TEST_CASE("replacement, each: names differ, victims are ways, every way can be one") {
  for (const Replacement kind : all_replacements) {
    CHECK(name(kind) != "?");
    for (const Replacement other : all_replacements)
      CHECK((name(kind) == name(other)) == (kind == other));
    for (const unsigned ways : all_ways) {
      CAPTURE(name(kind));
      CAPTURE(ways);
      std::vector<unsigned> times(ways);
      for (const unsigned victim : victims_of_random_use(kind, ways, 1)) {
        REQUIRE(victim < ways);
        ++times[victim];
      }
      for (const unsigned count : times) CHECK(count > 0);
    }
  }
}

TEST_CASE("replacement, each: the same calls and seed give the same victims") {
  for (const Replacement kind : all_replacements)
    for (const unsigned ways : {4u, 12u})
      CHECK(victims_of_random_use(kind, ways, 5) == victims_of_random_use(kind, ways, 5));
  CHECK(victims_of_random_use(Replacement::random, 12, 5) !=
        victims_of_random_use(Replacement::random, 12, 6));
}

TEST_CASE("replacement, each: invalid ways are taken before any valid one is evicted") {
  for (const Replacement kind : all_replacements)
    for (const unsigned ways : all_ways) {
      AssocArray array({2 * ways, ways, kind}, 1);
      Random random(ways);
      std::uint64_t next_key = 1;
      for (unsigned way = 0; way < ways; ++way) CHECK_FALSE(array.fill(1, next_key++, 0).evicted);
      CHECK(array.occupied() == ways);
      for (int i = 0; i < 50; ++i) {
        const std::size_t slot = ways + random.below(ways);
        array.drop(slot);
        const auto filled = array.fill(1, next_key++, 0);
        CHECK(filled.slot == slot);
        CHECK_FALSE(filled.evicted);
        CHECK(array.fill(1, next_key++, 0).evicted);
      }
    }
}

TEST_CASE("replacement, each: sets do not influence each other") {
  for (const Replacement kind : {Replacement::lru, Replacement::tree_plru, Replacement::srrip})
    for (const unsigned ways : all_ways) {
      const auto alone = make_replacement(kind, 1, ways, 1);
      const auto among = make_replacement(kind, sets, ways, 1);
      Random random(8);
      for (int i = 0; i < 500; ++i) {
        const Touch touch = random_touch(random, ways);
        among->used(0, touch.way);
        if (random.below(3)) {
          alone->used(0, touch.way);
          among->used(2, touch.way);
        } else {
          const unsigned victim = alone->victim(0);
          REQUIRE(among->victim(2) == victim);
          alone->filled(0, victim);
          among->filled(2, victim);
        }
      }
    }
}

TEST_CASE("lru: exactly the way whose last use is oldest") {
  for (const unsigned ways : all_ways) {
    const auto policy = make_replacement(Replacement::lru, 1, ways, 1);
    std::list<unsigned> order;  // oldest first
    const auto touched = [&](unsigned way) {
      order.remove(way);
      order.push_back(way);
    };
    for (unsigned way = 0; way < ways; ++way) {
      policy->filled(0, way);
      touched(way);
    }
    Random random(ways);
    for (int i = 0; i < 1000; ++i) {
      if (random.below(2)) {
        const unsigned way = static_cast<unsigned>(random.below(ways));
        policy->used(0, way);
        touched(way);
      } else {
        const unsigned victim = policy->victim(0);
        REQUIRE(victim == order.front());
        policy->filled(0, victim);
        touched(victim);
      }
    }
  }
}

TEST_CASE("tree-PLRU: never the most recently used, and with powers of two the known order") {
  for (const unsigned ways : all_ways) {
    if (ways == 1) continue;
    const auto policy = make_replacement(Replacement::tree_plru, 1, ways, 1);
    Random random(ways);
    for (int i = 0; i < 2000; ++i) {
      const unsigned way = static_cast<unsigned>(random.below(ways));
      random.below(2) ? policy->used(0, way) : policy->filled(0, way);
      REQUIRE(policy->victim(0) != way);
      REQUIRE(policy->victim(0) == policy->victim(0));  // asking changes nothing
    }
  }
  // Four ways used in order: root points left, then the left pair's older one.
  const auto policy = make_replacement(Replacement::tree_plru, 1, 4, 1);
  for (const unsigned way : {0u, 1u, 2u, 3u}) policy->used(0, way);
  CHECK(policy->victim(0) == 0);
  policy->used(0, 0);
  CHECK(policy->victim(0) == 2);
  policy->used(0, 2);
  CHECK(policy->victim(0) == 1);
}

TEST_CASE("srrip: hit promotion with 2 bits, as figure 4 of the paper does") {
  // Values are 0..3; new at 2, hit 0; the first 3 from the left goes, else all age.
  const auto policy = make_replacement(Replacement::srrip, 1, 4, 1);
  for (unsigned way = 0; way < 4; ++way) {
    CHECK(policy->victim(0) == way);  // all start distant
    policy->filled(0, way);
  }
  policy->used(0, 0);             // 0 2 2 2
  policy->used(0, 2);             // 0 2 0 2
  CHECK(policy->victim(0) == 1);  // aged: 1 3 1 3
  policy->filled(0, 1);           // 1 2 1 3
  CHECK(policy->victim(0) == 3);
  policy->filled(0, 3);           // 1 2 1 2
  policy->used(0, 3);             // 1 2 1 0
  CHECK(policy->victim(0) == 1);  // aged: 2 3 2 1
  policy->filled(0, 1);           // 2 2 2 1
  CHECK(policy->victim(0) == 0);  // aged: 3 3 3 2
}

TEST_CASE("srrip: a scan does not push out what is being used") {
  AssocArray array({8, 8, Replacement::srrip}, 1);
  for (std::uint64_t key = 1; key <= 4; ++key) array.used(array.fill(0, key, 0).slot);
  for (std::uint64_t key = 100; key < 112; ++key) {
    array.fill(0, key, 0);
    for (std::uint64_t hot = 1; hot <= 4; ++hot) {
      const std::size_t slot = array.find(0, hot, 0, 0);
      REQUIRE(slot != AssocArray::none);
      array.used(slot);
    }
  }
}

TEST_CASE("random: spread over all ways about evenly") {
  const auto policy = make_replacement(Replacement::random, 1, 12, 7);
  std::vector<int> times(12);
  for (int i = 0; i < 12000; ++i) ++times[policy->victim(0)];
  for (const int count : times) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
}
