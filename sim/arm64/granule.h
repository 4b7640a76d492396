// Translation granules as rows of data (Arm ARM D8.2.5 to D8.2.8, D8.6.1): index bits per level,
// levels where a block may stand, lengths of contiguous runs. Height 0 is the manual's level 3.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace nestwalk::arm64 {

enum class Granule : std::uint8_t { k4, k16, k64 };
inline constexpr Granule all_granules[] = {Granule::k4, Granule::k16, Granule::k64};

inline constexpr int last_level = 3;
constexpr int level_of(int height) { return last_level - height; }
constexpr int height_of(int level) { return last_level - level; }

struct GranuleRow {
  std::string_view name;
  std::uint8_t lg2;     // of its bytes, which are also the bytes of one table
  std::uint8_t stride;  // index bits of one table
  // Greatest height of a leaf: ordinarily, and with 52-bit addresses (4K, 16K: DS = 1; 64K: PAMax
  // 52).
  std::uint8_t block_height, block_height_52;
  // lg2 of the number of leaves in a contiguous run, by height; 0: the hint is ignored there.
  std::array<std::uint8_t, 5> run_lg2;

  // lg2 bytes that one leaf of this height maps, and one whole table.
  constexpr unsigned leaf_lg2(int height) const {
    return lg2 + stride * static_cast<unsigned>(height);
  }
  constexpr unsigned span_lg2(int height) const { return leaf_lg2(height + 1); }
  // lg2 bytes of a contiguous run of such leaves; 0: there are none.
  constexpr unsigned run_bytes_lg2(int height) const {
    const unsigned leaves_lg2 = run_lg2[static_cast<unsigned>(height)];
    return leaves_lg2 ? leaf_lg2(height) + leaves_lg2 : 0;
  }
};

inline constexpr GranuleRow granule_rows[] = {
    {"4K", 12, 9, 2, 3, {4, 4, 4, 0, 0}},
    {"16K", 14, 11, 1, 2, {7, 5, 0, 0, 0}},
    {"64K", 16, 13, 1, 2, {5, 5, 0, 0, 0}},
};
constexpr const GranuleRow& row(Granule granule) {
  return granule_rows[static_cast<unsigned>(granule)];
}

}  // namespace nestwalk::arm64
