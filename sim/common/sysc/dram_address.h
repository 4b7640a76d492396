// Where a line lies in DRAM. From the lowest bit up: channel, column within a row, bank (ranks
// included), row. So lines that follow one another alternate between the channels and stay in a
// row, which is then open. Alone, that would send every stride of a power of two to one channel and
// one bank; therefore the channel is rotated by, and the bank number XORed with, a fold of the
// higher bits (for banks: Zhang, Zhu and Zhang, "A permutation-based page interleaving scheme",
// MICRO 2000). Both are one-to-one, and leave a stream as well spread as it was.
#pragma once
#include <bit>
#include <cstdint>

#include "common/mmu/machine_spec.h"

namespace nestwalk {

struct DramPlace {
  std::uint32_t channel = 0;
  std::uint32_t bank = 0;  // within the channel, 0..ranks*banks-1; the rank is bank / banks
  std::uint64_t row = 0;   // within the bank
  bool operator==(const DramPlace&) const = default;
};

class DramAddress {
 public:
  DramAddress(const DramSpec& spec, std::uint32_t line_bytes)
      : channels_(spec.channels),
        channel_lg2_(static_cast<unsigned>(std::bit_width(spec.channels - 1))),
        column_lg2_(static_cast<unsigned>(std::countr_zero(spec.row_bytes / line_bytes))),
        bank_lg2_(static_cast<unsigned>(std::countr_zero(spec.ranks * spec.banks))) {}

  // `line`: physical address divided by the bytes of a line.
  DramPlace place_of(std::uint64_t line) const {
    std::uint64_t in_channel = line;
    DramPlace place;
    if (channels_ > 1) {
      in_channel = line / channels_;
      const auto turn = static_cast<std::uint32_t>(line - in_channel * channels_);
      place.channel = (turn + fold(in_channel, channel_lg2_)) % channels_;
    }
    const std::uint64_t bank_and_row = in_channel >> column_lg2_;
    place.row = bank_and_row >> bank_lg2_;
    place.bank = low(bank_and_row, bank_lg2_) ^ fold(place.row, bank_lg2_);
    return place;
  }

 private:
  static std::uint32_t low(std::uint64_t value, unsigned bits) {
    return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << bits) - 1));
  }
  // XOR of all groups of `bits` bits.
  static std::uint32_t fold(std::uint64_t value, unsigned bits) {
    std::uint32_t folded = 0;
    if (bits == 0) return 0;
    for (; value; value >>= bits) folded ^= low(value, bits);
    return folded;
  }

  std::uint32_t channels_;
  unsigned channel_lg2_, column_lg2_, bank_lg2_;
};

}  // namespace nestwalk
