#include "common/workload/zipf_ranks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace nestwalk;

namespace {

// How many standard deviations the chi-square of `draws` ranks against the law lies above its mean;
// ranks from 50 on are pooled by powers of two so that every class is well filled.
double chi_square_excess(std::uint64_t count, double exponent, int draws) {
  const auto bucket = [](std::uint64_t rank) {
    return rank < 50 ? rank : 50 + static_cast<std::uint64_t>(std::log2(static_cast<double>(rank)));
  };
  std::vector<double> expected(bucket(count) + 1), found(bucket(count) + 1);
  double sum = 0;
  for (std::uint64_t r = 0; r < count; ++r) {
    const double weight = std::pow(static_cast<double>(r + 1), -exponent);
    expected[bucket(r)] += weight;
    sum += weight;
  }
  const ZipfRanks ranks(count, exponent);
  Draws source(7);
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t rank = ranks(source);
    REQUIRE(rank < count);
    found[bucket(rank)] += 1;
  }
  double chi_square = 0, classes = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double mean = expected[i] / sum * draws;
    if (mean < 5) continue;
    chi_square += (found[i] - mean) * (found[i] - mean) / mean;
    classes += 1;
  }
  const double freedom = std::max(1.0, classes - 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("ranks follow Zipf's law: chi-square against the exact probabilities") {
  for (const double exponent : {0.2, 0.5, 0.8, 0.99, 1.0, 1.2, 2.0, 4.0})
    for (const std::uint64_t count : {2, 17, 33, 1000, 100'000})
      CHECK_MESSAGE(chi_square_excess(count, exponent, 200'000) < 5,
                    "exponent " << exponent << " count " << count);
}

TEST_CASE("the test itself can fail: another exponent does not fit the law") {
  // 200,000 draws tell 0.99 from 0.95 by far.
  const ZipfRanks ranks(1000, 0.95);
  Draws source(7);
  double first = 0;
  for (int i = 0; i < 200'000; ++i) first += ranks(source) == 0;
  double harmonic = 0;
  for (int r = 1; r <= 1000; ++r) harmonic += std::pow(r, -0.99);
  CHECK(std::abs(first / 200'000 - 1 / harmonic) > 0.01);
}

TEST_CASE("the table stays small for any number of ranks") {
  CHECK(ZipfRanks(1, 1).table_entries() == 1);
  CHECK(ZipfRanks(std::uint64_t{1} << 28, 0.99).table_entries() < 400);
  CHECK(ZipfRanks(std::uint64_t{1} << 50, 0.99).table_entries() < 800);
}

TEST_CASE("the tail of a huge law: log-uniform at exponent 1") {
  // With exponent 1, ranks 2^10..2^20 and 2^20..2^30 are equally likely.
  const ZipfRanks ranks(std::uint64_t{1} << 30, 1.0);
  Draws source(3);
  double low = 0, high = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::uint64_t rank = ranks(source) + 1;
    low += rank >= (1 << 10) && rank < (1 << 20);
    high += rank >= (1 << 20);
  }
  CHECK(low / high == doctest::Approx(1).epsilon(0.02));
  CHECK(high / 300'000 ==
        doctest::Approx(std::log(1024.0) / (std::log(0x1p30) + 0.5772)).epsilon(0.02));
}
