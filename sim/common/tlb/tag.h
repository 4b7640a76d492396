// Whose translation a cached entry is. Architectures say what they put in each field.
#pragma once
#include <cstdint>

namespace nestwalk {

struct Tag {
  std::uint16_t space = 0;   // address space (process) identifier
  std::uint16_t vm = 0;      // virtual machine identifier
  std::uint16_t root = 0;    // which second-stage table, where hardware tags by it
  std::uint16_t regime = 0;  // translation regime (Arm: EL1&0, EL2, EL2&0)

  constexpr bool operator==(const Tag&) const = default;
  constexpr std::uint64_t packed() const {
    return std::uint64_t{space} | std::uint64_t{vm} << 16 | std::uint64_t{root} << 32 |
           std::uint64_t{regime} << 48;
  }
  static constexpr Tag unpack(std::uint64_t word) {
    return {static_cast<std::uint16_t>(word), static_cast<std::uint16_t>(word >> 16),
            static_cast<std::uint16_t>(word >> 32), static_cast<std::uint16_t>(word >> 48)};
  }
};

}  // namespace nestwalk
