// A distribution of whole numbers (cycles, reads): log-linear buckets in the manner of HDR
// histograms. Values below 256 have a bucket each, so they are exact. Above, each power of two is
// cut into 128 buckets, so a bucket's width is at most 1/128 of its lower edge. Count, sum and max
// are exact. Adding is commutative: the same values in any order give an equal histogram.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace nestwalk {

class Histogram {
 public:
  static constexpr std::uint64_t exact_below = 256;
  static constexpr unsigned buckets_per_octave_lg2 = 7;

  // A bucket that holds something: the values lower..upper, both included.
  struct Bucket {
    std::uint64_t lower = 0;
    std::uint64_t upper = 0;
    std::uint64_t count = 0;
    bool operator==(const Bucket&) const = default;
  };

  // The common small value costs one increment: its count, sum and max follow from the bucket.
  void add(std::uint64_t value, std::uint64_t count = 1) {
    if (value < exact_below) [[likely]]
      small_[value] += count;
    else
      add_large(value, count);
  }
  void merge(const Histogram& other);

  std::uint64_t count() const;
  std::uint64_t sum() const;
  std::uint64_t max() const;  // 0 when empty
  std::optional<double> mean() const;

  // The value of nearest rank: the ceil(count * permille / 1000)-th smallest, at least the first.
  // It is given as the upper edge of its bucket, but never above the largest value added; so it is
  // exact below 256 and otherwise too large by at most 1/128. 0 when empty. permille is 0..1000.
  std::uint64_t percentile(unsigned permille) const;

  std::vector<Bucket> buckets() const;  // ascending, without empty ones

  // The histogram that would give these answers, or nothing when no histogram would (a lower edge
  // that is none, buckets out of order, a max or sum that the buckets cannot have).
  static std::optional<Histogram> restore(std::span<const Bucket> buckets, std::uint64_t sum,
                                          std::uint64_t max);

  bool operator==(const Histogram&) const = default;

 private:
  // Position in large_ of a value of at least exact_below.
  static constexpr std::size_t large_index(std::uint64_t value) {
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1;  // 8..63
    const std::uint64_t within =
        (value >> (octave - buckets_per_octave_lg2)) - (std::uint64_t{1} << buckets_per_octave_lg2);
    return ((octave - 8) << buckets_per_octave_lg2) + within;
  }
  static constexpr Bucket large_bucket(std::size_t index) {
    const auto shift = static_cast<unsigned>(index >> buckets_per_octave_lg2) + 1;
    const std::uint64_t in_octave = std::uint64_t{1} << buckets_per_octave_lg2;
    const std::uint64_t lower = (in_octave + (index & (in_octave - 1))) << shift;
    return {lower, lower + ((std::uint64_t{1} << shift) - 1), 0};
  }
  void add_large(std::uint64_t value, std::uint64_t count);

  std::array<std::uint64_t, exact_below> small_{};
  std::vector<std::uint64_t> large_;  // as long as its last bucket in use
  std::uint64_t large_sum_ = 0;
  std::uint64_t large_max_ = 0;
};

}  // namespace nestwalk
