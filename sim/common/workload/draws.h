// Random draws for generators, where std::mt19937_64 would be most of the cost: the n-th draw is
// the n-th output of SplitMix64 (Steele et al. 2014), which derive_seed() computes from n alone.
#pragma once
#include <cstdint>

#include "common/base/random.h"

namespace nestwalk {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t bits64() { return derive_seed(seed_, drawn_++); }

  // One draw as a whole number below `bound` and, from the bits that are left, a fraction in
  // [0, 1) with 64 - lg2(bound) bits.
  struct Scaled {
    std::uint64_t whole;
    std::uint64_t fraction;  // in units of 2^-64
  };
  Scaled scaled(std::uint64_t bound) {
    const Wide product = static_cast<Wide>(bits64()) * bound;
    return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
  }
  // Uniform in [0, bound); bias below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return scaled(bound).whole; }

 private:
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
};

}  // namespace nestwalk
