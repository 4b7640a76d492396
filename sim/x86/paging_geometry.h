// The ordinary paging modes as rows of data (SDM vol. 3, 5.3 to 5.5): which address bits index
// which table. Height 0 is the page table. What the bits of an entry mean is paging_format.h.
#pragma once
#include <array>
#include <cstdint>

namespace nestwalk::x86 {

inline constexpr int max_heights = 5;

struct PagingGeometry {
  std::uint8_t tables;  // read from memory, root to last level
  std::uint8_t entry_bytes;
  std::uint8_t input_bits;                      // width of a linear address
  bool canonical;                               // upper bits must repeat the highest translated one
  std::uint8_t root_lg2;                        // lg2 bytes of the root table
  std::uint8_t root_low_bit;                    // lowest address bit that CR3 holds
  std::array<std::uint8_t, max_heights> shift;  // lowest index bit of each height
  std::array<std::uint8_t, max_heights> index_bits;  // how many
};

inline constexpr PagingGeometry two_level_geometry{2, 4, 32, false, 12, 12, {12, 22}, {10, 10}};
// The four PDPTEs stand in registers ...
inline constexpr PagingGeometry pae_register_geometry{2, 8, 32, false, 5, 5, {12, 21}, {9, 9}};
// ... or are read by every walk: AMD's nested paging (APM vol. 2, 15.25.10).
inline constexpr PagingGeometry pae_memory_geometry{3, 8, 32, false, 5, 5, {12, 21, 30}, {9, 9, 2}};
inline constexpr PagingGeometry four_level_geometry{
    4, 8, 48, true, 12, 12, {12, 21, 30, 39}, {9, 9, 9, 9}};
inline constexpr PagingGeometry five_level_geometry{
    5, 8, 57, true, 12, 12, {12, 21, 30, 39, 48}, {9, 9, 9, 9, 9}};

}  // namespace nestwalk::x86
