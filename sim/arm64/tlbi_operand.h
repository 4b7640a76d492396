// Operands of TLBI: addresses, level hints and ranges (Arm ARM C5.5; ASL TLBI TTL and range
// functions).
#pragma once
#include <cstdint>
#include <optional>

#include "arm64/features.h"
#include "common/base/bits.h"
#include "common/tlb/invalidation.h"

namespace nestwalk::arm64 {

inline std::uint16_t operand_asid(std::uint64_t operand, const Features& features) {
  return static_cast<std::uint16_t>(bits(operand, features.asid16 ? 63 : 55, 48));
}

// What an operand by address says: the addresses, and the size of leaf that it hints at, if any.
struct TlbiTarget {
  AddressRange range;
  std::optional<std::uint8_t> leaf_lg2;
};

// Single forms: VA[55:12] or IPA[51:12], TTL in [47:44]. `lpa2`: the regime's tables use DS = 1.
TlbiTarget address_operand(std::uint64_t operand, bool virtual_address, bool lpa2,
                           const Features& features);
// Range forms; nothing: TG = 0 is reserved and has no effect.
std::optional<TlbiTarget> range_operand(std::uint64_t operand, bool virtual_address, bool lpa2,
                                        const Features& features);

// Operands, for software that issues TLBI.
std::uint64_t make_address_operand(std::uint64_t address, std::uint16_t asid, unsigned ttl);
// A range form over 2^pages_lg2 granules (1 to 20) from `address`, without a level hint. `lpa2`: as
// above; BaseADDR then counts in 64 KiB, and `address` is aligned to that.
std::uint64_t make_range_operand(std::uint64_t address, unsigned pages_lg2, Granule granule,
                                 std::uint16_t asid, bool lpa2);

}  // namespace nestwalk::arm64
