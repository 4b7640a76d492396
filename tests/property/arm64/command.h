// What happens to the tables and the processors of a World (world.h): edits, accesses,
// invalidations, as values that can be drawn, shrunk and printed.
#pragma once
#include <ostream>

#include "common/paging/access.h"
#include "naive_tlbi.h"

namespace nestwalk::arm64 {
inline std::ostream& operator<<(std::ostream& out, Granule granule) {
  return out << row(granule).name;
}
}  // namespace nestwalk::arm64

namespace nestwalk::arm64::test {

inline constexpr unsigned el2_space = 4;  // the spaces before it: two of each virtual machine

struct Command {
  enum class Kind : std::uint8_t {
    map,  // stage 1: a page or block of VA slot to a slot of intermediate addresses
    unmap,
    protect,
    replace,  // stage 1: the table of the slot's block by a block, or back
    map2,     // stage 2: likewise, to a slot of physical addresses
    unmap2,
    protect2,
    replace2,
    move_table,  // stage 2: a page of stage-1 tables moves, with its contents
    access,
    tlbi,
  };
  Kind kind = Kind::access;
  unsigned cpu = 0, space = 0, slot = 0, target = 0;
  bool block = false, write = true, global = false, at_el1 = false;
  Access access{};
  Tlbi tlbi{};
};
std::ostream& operator<<(std::ostream& out, const Command& command);

}  // namespace nestwalk::arm64::test
