// The manuals' names of table entries by height.
#pragma once
#include <array>
#include <string_view>

#include "common/base/check.h"

namespace nestwalk::x86 {

inline std::string_view entry_name(int height) {
  constexpr std::array<std::string_view, 5> names{"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};
  NW_CHECK(height >= 0 && height < 5, "no x86 table has height {}", height);
  return names[static_cast<std::size_t>(height)];
}

}  // namespace nestwalk::x86
