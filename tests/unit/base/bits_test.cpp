// Bit fields and address arithmetic, at their edges.
#include "common/base/bits.h"

#include <doctest/doctest.h>

#include <functional>
#include <type_traits>

#include "common/base/address.h"

using namespace nestwalk;

TEST_CASE("low_mask: from none to all 64 bits") {
  CHECK(low_mask(0) == 0);
  CHECK(low_mask(1) == 1);
  CHECK(low_mask(63) == 0x7fff'ffff'ffff'ffff);
  CHECK(low_mask(64) == ~std::uint64_t{0});
}

TEST_CASE("bits and field_mask take both ends, as the manuals write them") {
  constexpr std::uint64_t word = 0xfedc'ba98'7654'3210;
  CHECK(bits(word, 7, 4) == 0x1);
  CHECK(bits(word, 63, 60) == 0xf);
  CHECK(bits(word, 63, 0) == word);
  CHECK(bits(word, 5, 5) == 0);
  CHECK(field_mask(7, 4) == 0xf0);
  CHECK(field_mask(63, 63) == one(63));
  CHECK(bit(word, 63));
  CHECK_FALSE(bit(word, 0));
}

TEST_CASE("aligning up and down") {
  CHECK(align_down(0x1fff, 12) == 0x1000);
  CHECK(align_up(0x1001, 12) == 0x2000);
  CHECK(align_up(0x2000, 12) == 0x2000);
  CHECK(align_up(0, 21) == 0);
}

TEST_CASE("sign_extend copies the highest kept bit upwards and drops what lay above") {
  CHECK(sign_extend(0x8000'0000'0000, 48) == 0xffff'8000'0000'0000);
  CHECK(sign_extend(0x7fff'ffff'ffff, 48) == 0x7fff'ffff'ffff);
  CHECK(sign_extend(0xabcd'0000'0000'0001, 48) == 1);
  CHECK(sign_extend(one(63), 64) == one(63));
  CHECK(sign_extend(1, 1) == ~std::uint64_t{0});
}

TEST_CASE("addresses of different spaces do not mix") {
  static_assert(!std::is_convertible_v<Va, Ipa>);
  static_assert(!std::is_constructible_v<Pa, Ipa>);
  static_assert(!std::is_convertible_v<std::uint64_t, Va>);
  static_assert(!std::is_invocable_v<std::equal_to<>, Ipa, Pa>);
  CHECK(Va{0x1234}.aligned(12) == Va{0x1000});
  CHECK(Va{0x1234}.offset(12) == 0x234);
  CHECK(Va{0x1234}.offset(0) == 0);
  CHECK(Pa{0x1000} + 8 == Pa{0x1008});
  CHECK(Pa{0x1008} - Pa{0x1000} == 8);
  CHECK(Ipa{1} < Ipa{2});
}
