#include "common/results/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "common/base/random.h"

using namespace nestwalk;

namespace {

// Values of every magnitude.
std::vector<std::uint64_t> random_values(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.bits64() >> random.below(64));
  return values;
}

std::uint64_t nearest_rank(const std::vector<std::uint64_t>& sorted, std::uint64_t permille) {
  const std::uint64_t rank = std::max<std::uint64_t>(1, (sorted.size() * permille + 999) / 1000);
  return sorted[rank - 1];
}

}  // namespace

TEST_CASE("an empty histogram") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.sum() == 0);
  CHECK(empty.max() == 0);
  CHECK(!empty.mean());
  CHECK(empty.percentile(500) == 0);
  CHECK(empty.buckets().empty());
}

TEST_CASE("percentiles by hand: nearest rank") {
  Histogram h;
  for (const std::uint64_t value : {15, 20, 35, 40, 50}) h.add(value);
  CHECK(h.percentile(0) == 15);
  CHECK(h.percentile(200) == 15);
  CHECK(h.percentile(201) == 20);
  CHECK(h.percentile(500) == 35);
  CHECK(h.percentile(900) == 50);
  CHECK(h.percentile(1000) == 50);
  CHECK(*h.mean() == 32.0);
}

TEST_CASE("every bucket edge: the value lies in its bucket, whose width is at most 1/128") {
  std::vector<std::uint64_t> edges{0, 1, 254, 255, 256, 257, 258, 259, 511, 512, 513, 1023, 1024};
  for (unsigned lg2 = 11; lg2 < 64; ++lg2)
    for (const std::uint64_t near : {std::uint64_t{0} - 1, std::uint64_t{0}, std::uint64_t{1}})
      edges.push_back((std::uint64_t{1} << lg2) + near);
  edges.push_back(std::numeric_limits<std::uint64_t>::max());
  for (const std::uint64_t value : edges) {
    Histogram h;
    h.add(value);
    CAPTURE(value);
    REQUIRE(h.buckets().size() == 1);
    const auto bucket = h.buckets().front();
    CHECK(bucket.count == 1);
    CHECK(bucket.lower <= value);
    CHECK(value <= bucket.upper);
    if (value < 256)
      CHECK(bucket.lower == bucket.upper);
    else
      CHECK(bucket.upper - bucket.lower + 1 <= bucket.lower / 128);
    CHECK(h.max() == value);
    CHECK(h.sum() == value);
    CHECK(h.percentile(500) == value);  // never above the maximum
  }
}

TEST_CASE("buckets tile the numbers without gap or overlap") {
  Histogram h;
  for (std::uint64_t value = 0; value < 5000; ++value) h.add(value);
  std::uint64_t next = 0;
  for (const auto& bucket : h.buckets()) {
    CHECK(bucket.lower == next);
    next = bucket.upper + 1;
    if (next <= 5000) CHECK(bucket.count == bucket.upper - bucket.lower + 1);
  }
}

TEST_CASE("random values: exact count, sum, max; percentiles within 1/128 above the true one") {
  auto values = random_values(20000, 1);
  for (std::uint64_t& value : values) value >>= 15;  // so that the sum fits
  Histogram h;
  std::uint64_t sum = 0;
  for (const std::uint64_t value : values) h.add(value), sum += value;
  std::sort(values.begin(), values.end());
  CHECK(h.count() == values.size());
  CHECK(h.sum() == sum);
  CHECK(h.max() == values.back());
  for (const unsigned permille : {1U, 10U, 250U, 500U, 900U, 990U, 999U, 1000U}) {
    const std::uint64_t truth = nearest_rank(values, permille);
    CAPTURE(permille);
    CHECK(h.percentile(permille) >= truth);
    CHECK(h.percentile(permille) - truth <= truth / 128);
  }
}

TEST_CASE("the order of values and the way they are merged do not matter") {
  const auto values = random_values(3000, 2);
  Histogram forward, backward, left, right;
  for (const std::uint64_t value : values) forward.add(value);
  for (auto at = values.rbegin(); at != values.rend(); ++at) backward.add(*at);
  for (std::size_t i = 0; i < values.size(); ++i) (i % 3 ? left : right).add(values[i]);
  CHECK(forward == backward);
  left.merge(right);
  CHECK(left == forward);
}

TEST_CASE("restore gives back an equal histogram and refuses contradictions") {
  Histogram h;
  for (const std::uint64_t value : {3, 3, 255, 300, 70000, 70001}) h.add(value);
  auto buckets = h.buckets();
  const auto restored = Histogram::restore(buckets, h.sum(), h.max());
  REQUIRE(restored);
  CHECK(*restored == h);
  CHECK(*Histogram::restore({}, 0, 0) == Histogram{});

  CHECK(!Histogram::restore({}, 1, 0));
  CHECK(!Histogram::restore(buckets, h.sum() + 5000, h.max()));
  CHECK(!Histogram::restore(buckets, 10, h.max()));
  CHECK(!Histogram::restore(buckets, h.sum(), 300));
  std::swap(buckets[0], buckets[1]);
  CHECK(!Histogram::restore(buckets, h.sum(), h.max()));
  buckets = h.buckets();
  buckets.back().lower += 1;  // no edge
  CHECK(!Histogram::restore(buckets, h.sum(), h.max()));
}
