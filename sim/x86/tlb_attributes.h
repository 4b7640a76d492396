// What a TLB entry carries for x86, as 64 bits: the linear page's rights, dirty state and
// protection key, and what the second stage allows without having to set a flag.
#pragma once
#include <cstdint>

#include "common/paging/access.h"
#include "x86/access_rules.h"

namespace nestwalk::x86 {

struct TlbAttributes {
  Rights rights = all_rights;
  bool dirty = true;  // a write need not set D
  std::uint8_t protection_key = 0;
  // Bit AccessType: the second stage allows it.
  std::uint8_t second_stage = 7;

  std::uint64_t packed() const {
    return std::uint64_t{rights} | std::uint64_t{dirty} << 3 | std::uint64_t{second_stage} << 4 |
           std::uint64_t{protection_key} << 8;
  }
  static TlbAttributes unpack(std::uint64_t word) {
    return {static_cast<Rights>(word & 7), (word >> 3 & 1) != 0,
            static_cast<std::uint8_t>(word >> 8 & 15), static_cast<std::uint8_t>(word >> 4 & 7)};
  }
};

// On the path of every TLB hit: no branch but for protection keys.
inline bool attributes_serve(std::uint64_t word, const Access& access, const AccessRules& rules) {
  const auto type = static_cast<unsigned>(wanted(access));
  const auto rights = static_cast<Rights>(word & 7);
  const std::uint64_t writes = type == static_cast<unsigned>(AccessType::write);
  const std::uint64_t serves =
      rules.allowed(rights, access) & word >> (4 + type) & (word >> 3 | ~writes) & 1;
  if (!rules.keys()) return serves != 0;
  return serves != 0 && !rules.key_denies(rights, static_cast<unsigned>(word >> 8 & 15), access);
}

}  // namespace nestwalk::x86
