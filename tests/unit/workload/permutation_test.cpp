#include "common/workload/permutation.h"

#include <doctest/doctest.h>

#include <vector>

using namespace nestwalk;

TEST_CASE("a permutation takes every value once, whatever its size") {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4096, 10007, 65537}) {
    for (const std::uint64_t seed : {0, 1, 77}) {
      const Permutation permutation(size, seed);
      std::vector<bool> taken(size);
      bool once = true;
      for (std::uint64_t i = 0; i < size; ++i) {
        const std::uint64_t image = permutation(i);
        REQUIRE(image < size);
        once = once && !taken[image];
        taken[image] = true;
      }
      CHECK_MESSAGE(once, "size " << size << " seed " << seed);
    }
  }
}

TEST_CASE("a permutation of 2^40 stays within it, and neighbours do not stay together") {
  const std::uint64_t size = std::uint64_t{1} << 40;
  for (const std::uint64_t n : {size, size - 1, size / 2 + 1}) {
    const Permutation permutation(n, 5);
    int near = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      const std::uint64_t a = permutation(i), b = permutation(i + 1);
      REQUIRE(a < n);
      near += (a > b ? a - b : b - a) < n / 100;
    }
    // 2% of random pairs lie within a hundredth of the range.
    CHECK(near > 100);
    CHECK(near < 300);
  }
}

TEST_CASE("the images of an interval spread evenly: chi-square over 64 parts") {
  const std::uint64_t size = std::uint64_t{1} << 28;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const Permutation permutation(size, seed);
    std::vector<double> found(64);
    const int draws = 64 * 200;
    for (std::uint64_t i = 0; i < draws; ++i) found[permutation(i) / (size / 64)] += 1;
    double chi_square = 0;
    for (const double count : found) chi_square += (count - 200) * (count - 200) / 200;
    CHECK(chi_square < 120);  // 63 degrees of freedom: beyond 1 in 10^5 of random placements
  }
}

TEST_CASE("seeds give different permutations") {
  const Permutation a(1000, 1), b(1000, 2);
  int equal = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) equal += a(i) == b(i);
  CHECK(equal < 20);
}
