// Random numbers: the sequence is part of the results' bytes, so its first numbers are written
// here.
#include "common/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace nestwalk;

TEST_CASE("the 10000th number of the default seed is the one that the C++ standard gives") {
  Random random(5489);  // std::mt19937_64::default_seed, [rand.predef]
  for (int i = 1; i < 10000; ++i) random.bits64();
  CHECK(random.bits64() == 9981545732273789042u);
}

TEST_CASE("golden first numbers of a seed") {
  Random random(1);
  CHECK(random.bits64() == 2469588189546311528u);
  CHECK(random.below(1000) == 136);
  CHECK(random.unit() == static_cast<double>(8323445853463659930u >> 11) * 0x1.0p-53);
}

TEST_CASE("below stays below its bound and reaches every value") {
  Random random(42);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = random.below(7);
    REQUIRE(value < 7);
    seen.insert(value);
  }
  CHECK(seen.size() == 7);
  CHECK(random.below(1) == 0);
}

TEST_CASE("unit lies in [0, 1) and its halves are met about equally") {
  Random random(7);
  int upper = 0;
  for (int i = 0; i < 10000; ++i) {
    const double value = random.unit();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    upper += value >= 0.5;
  }
  CHECK(upper > 4800);
  CHECK(upper < 5200);
}

TEST_CASE("derived seeds differ between neighbouring streams and seeds") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 32; ++seed)
    for (std::uint64_t stream = 0; stream < 32; ++stream) seeds.insert(derive_seed(seed, stream));
  CHECK(seeds.size() == 32 * 32);
  // The first output of SplitMix64 from state 0.
  static_assert(derive_seed(0, 0) == 0xe220a8397b1dcdaf);
}
