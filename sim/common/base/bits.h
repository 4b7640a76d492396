// Bit fields, written as the manuals write them: [high:low].
#pragma once
#include <cstdint>

namespace nestwalk {

// A mask of the `count` lowest bits; count is 0..64.
constexpr std::uint64_t low_mask(unsigned count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}
// A mask of bits high..low, both included.
constexpr std::uint64_t field_mask(unsigned high, unsigned low) {
  return low_mask(high + 1) & ~low_mask(low);
}
constexpr std::uint64_t bits(std::uint64_t word, unsigned high, unsigned low) {
  return (word & low_mask(high + 1)) >> low;
}
constexpr bool bit(std::uint64_t word, unsigned position) { return word >> position & 1; }
constexpr std::uint64_t one(unsigned position) { return std::uint64_t{1} << position; }
constexpr std::uint64_t align_down(std::uint64_t value, unsigned lg2) {
  return value >> lg2 << lg2;
}
constexpr std::uint64_t align_up(std::uint64_t value, unsigned lg2) {
  return align_down(value + low_mask(lg2), lg2);
}
// The low `count` bits of `word`, sign-extended to 64.
constexpr std::uint64_t sign_extend(std::uint64_t word, unsigned count) {
  const std::uint64_t sign = one(count - 1);
  return ((word & low_mask(count)) ^ sign) - sign;
}

constexpr std::uint64_t KiB = one(10), MiB = one(20), GiB = one(30), TiB = one(40);

}  // namespace nestwalk
