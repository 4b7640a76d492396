#include "common/results/histogram.h"

#include <algorithm>
#include <numeric>

#include "common/base/check.h"
#include "common/base/random.h"

namespace nestwalk {

void Histogram::add_large(std::uint64_t value, std::uint64_t count) {
  const std::size_t index = large_index(value);
  if (index >= large_.size()) large_.resize(index + 1);
  large_[index] += count;
  large_sum_ += value * count;
  large_max_ = std::max(large_max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < small_.size(); ++i) small_[i] += other.small_[i];
  if (other.large_.size() > large_.size()) large_.resize(other.large_.size());
  for (std::size_t i = 0; i < other.large_.size(); ++i) large_[i] += other.large_[i];
  large_sum_ += other.large_sum_;
  large_max_ = std::max(large_max_, other.large_max_);
}

std::uint64_t Histogram::count() const {
  const auto small = std::accumulate(small_.begin(), small_.end(), std::uint64_t{0});
  return std::accumulate(large_.begin(), large_.end(), small);
}

std::uint64_t Histogram::sum() const {
  std::uint64_t sum = large_sum_;
  for (std::size_t value = 0; value < small_.size(); ++value) sum += value * small_[value];
  return sum;
}

std::uint64_t Histogram::max() const {
  if (!large_.empty()) return large_max_;
  for (std::size_t value = small_.size(); value-- > 0;)
    if (small_[value]) return value;
  return 0;
}

std::optional<double> Histogram::mean() const {
  const std::uint64_t n = count();
  if (!n) return std::nullopt;
  return static_cast<double>(sum()) / static_cast<double>(n);
}

std::uint64_t Histogram::percentile(unsigned permille) const {
  NW_CHECK(permille <= 1000, "percentile of {} permille", permille);
  const Wide scaled = static_cast<Wide>(count()) * permille;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>((scaled + 999) / 1000));
  std::uint64_t seen = 0;
  for (const Bucket& bucket : buckets()) {
    seen += bucket.count;
    if (seen >= rank) return std::min(bucket.upper, max());
  }
  return 0;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> used;
  for (std::size_t value = 0; value < small_.size(); ++value)
    if (small_[value]) used.push_back({value, value, small_[value]});
  for (std::size_t i = 0; i < large_.size(); ++i) {
    if (!large_[i]) continue;
    used.push_back(large_bucket(i));
    used.back().count = large_[i];
  }
  return used;
}

std::optional<Histogram> Histogram::restore(std::span<const Bucket> buckets, std::uint64_t sum,
                                            std::uint64_t max) {
  Histogram restored;
  Wide least = 0, most = 0;  // bounds of the sum
  std::uint64_t next_lower = 0, last_lower = 0, last_upper = 0;
  for (const Bucket& bucket : buckets) {
    if (bucket.lower < next_lower || !bucket.count) return std::nullopt;
    last_lower = last_upper = bucket.lower;
    if (bucket.lower < exact_below) {
      restored.small_[bucket.lower] = bucket.count;
    } else {
      const std::size_t index = large_index(bucket.lower);
      last_upper = large_bucket(index).upper;
      if (large_bucket(index).lower != bucket.lower) return std::nullopt;
      restored.large_.resize(index + 1);
      restored.large_[index] = bucket.count;
    }
    least += static_cast<Wide>(last_lower) * bucket.count;
    most += static_cast<Wide>(last_upper) * bucket.count;
    next_lower = last_lower + 1;
  }
  if (sum < least || sum > most || max < last_lower || max > last_upper) return std::nullopt;
  restored.large_sum_ = sum - restored.sum();
  restored.large_max_ = restored.large_.empty() ? 0 : max;
  return restored;
}

}  // namespace nestwalk
