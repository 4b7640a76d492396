// A seeded permutation of 0..n-1 that is computed, not stored, so that a footprint of any size
// costs no memory. On the next power of two it is three rounds of "multiply by an odd number, add,
// xor with own upper half", each of which can be undone; what falls at n or beyond is permuted
// again until it falls below (cycle walking, Black & Rogaway 2002), less than twice on average.
// Not for cryptography.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

#include "common/base/bits.h"
#include "common/base/random.h"

namespace nestwalk {

class Permutation {
 public:
  // size >= 1.
  Permutation(std::uint64_t size, std::uint64_t seed)
      : size_(size), mask_(low_mask(width(size))), shift_((width(size) + 1) / 2) {
    for (std::size_t i = 0; i < rounds_.size(); ++i)
      rounds_[i] = {derive_seed(seed, 2 * i) | 1, derive_seed(seed, 2 * i + 1)};
  }

  std::uint64_t size() const { return size_; }
  // index < size().
  std::uint64_t operator()(std::uint64_t index) const {
    do index = scramble(index);
    while (index >= size_);
    return index;
  }

 private:
  struct Round {
    std::uint64_t factor, addend;
  };
  static unsigned width(std::uint64_t size) {
    // A width of 1 for one item keeps the shift below at least 1, without which no round could
    // be undone.
    return size <= 2 ? 1 : static_cast<unsigned>(std::bit_width(size - 1));
  }
  std::uint64_t scramble(std::uint64_t x) const {
    for (const Round& round : rounds_) {
      x = (x * round.factor + round.addend) & mask_;
      x ^= x >> shift_;
    }
    return x;
  }

  std::uint64_t size_, mask_;
  unsigned shift_;
  std::array<Round, 3> rounds_{};
};

}  // namespace nestwalk
