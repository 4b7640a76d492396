#include "arm64/tlbi_operand.h"

#include "common/base/check.h"

namespace nestwalk::arm64 {
namespace {

// TTL[3:2] and TG: 1 is 4K, 2 is 16K, 3 is 64K.
constexpr Granule granule_of(std::uint64_t code) { return static_cast<Granule>(code - 1); }

// The leaf size that a hint names. Level 0, and level 1 with 16K, need 52-bit tables; without them,
// and for reserved values, there is no hint.
std::optional<std::uint8_t> hinted(std::uint64_t granule_code, unsigned level, bool lpa2) {
  if (granule_code == 0) return std::nullopt;
  const Granule granule = granule_of(granule_code);
  const int height = height_of(static_cast<int>(level));
  const bool big = granule == Granule::k64 ? level == 0 : height > row(granule).block_height;
  if (big && !(lpa2 && height <= row(granule).block_height_52 && granule != Granule::k64))
    return std::nullopt;
  return static_cast<std::uint8_t>(row(granule).leaf_lg2(height));
}

}  // namespace

TlbiTarget address_operand(std::uint64_t operand, bool virtual_address, bool lpa2,
                           const Features& features) {
  const std::uint64_t at =
      virtual_address ? sign_extend(bits(operand, 43, 0) << 12, 56) : bits(operand, 39, 0) << 12;
  TlbiTarget target{{at, at}, {}};
  if (features.ttl)
    target.leaf_lg2 =
        hinted(bits(operand, 47, 46), static_cast<unsigned>(bits(operand, 45, 44)), lpa2);
  return target;
}

std::optional<TlbiTarget> range_operand(std::uint64_t operand, bool virtual_address, bool lpa2,
                                        const Features& features) {
  const std::uint64_t tg = bits(operand, 47, 46);
  if (tg == 0) return std::nullopt;
  const Granule granule = granule_of(tg);
  const unsigned unit_lg2 = lpa2 || granule == Granule::k64 ? 16 : row(granule).lg2;
  const auto scale = static_cast<unsigned>(bits(operand, 45, 44));
  const std::uint64_t bytes = (bits(operand, 43, 39) + 1) << (5 * scale + 1 + row(granule).lg2);
  std::uint64_t first = bits(operand, 36, 0) << unit_lg2;
  if (virtual_address) first = sign_extend(first, 37 + unit_lg2);
  // A range past the top of the address space ends there.
  const std::uint64_t last = first + (bytes - 1) < first ? ~std::uint64_t{0} : first + (bytes - 1);
  TlbiTarget target{{first, last}, {}};
  const auto level = static_cast<unsigned>(bits(operand, 38, 37));
  if (features.ttl && level != 0) target.leaf_lg2 = hinted(tg, level, lpa2);
  return target;
}

std::uint64_t make_address_operand(std::uint64_t address, std::uint16_t asid, unsigned ttl) {
  return std::uint64_t{asid} << 48 | std::uint64_t{ttl & 15} << 44 | bits(address, 55, 12);
}

std::uint64_t make_range_operand(std::uint64_t address, unsigned pages_lg2, Granule granule,
                                 std::uint16_t asid, bool lpa2) {
  NW_CHECK(pages_lg2 >= 1 && pages_lg2 <= 20, "no range has 2^{} granules", pages_lg2);
  const unsigned unit_lg2 = lpa2 || granule == Granule::k64 ? 16 : row(granule).lg2;
  NW_CHECK(address % one(unit_lg2) == 0, "{:#x} cannot be the base of a range", address);
  const unsigned scale = (pages_lg2 - 1) / 5;
  const std::uint64_t num = low_mask(pages_lg2 - 1 - 5 * scale);
  const std::uint64_t tg = static_cast<std::uint64_t>(granule) + 1;
  return std::uint64_t{asid} << 48 | tg << 46 | std::uint64_t{scale} << 44 | num << 39 |
         bits(address >> unit_lg2, 36, 0);
}

}  // namespace nestwalk::arm64
