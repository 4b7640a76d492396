// Settings of the formats for property tests: every legal shape of tables of both stages
// (spec 1.4), as a list, and what a descriptor's address bits are, read off the manual (spec 1.1).
#pragma once
#include <ostream>
#include <vector>

#include "arm64/stage1_format.h"
#include "arm64/stage2_format.h"

namespace nestwalk::arm64::test {

struct Setting {
  unsigned stage = 1;
  Granule granule = Granule::k4;
  bool wide = false;  // LPA with 64K, DS with 4K and 16K: 52-bit output addresses
  int start_level = 0;
  unsigned bits = 48;  // of input addresses

  Features features() const;
  GeometryRequest request(std::uint64_t ttbr) const;
  RootedGeometry geometry(std::uint64_t ttbr = 0) const;
  unsigned page_lg2() const { return row(granule).lg2; }
  unsigned stride() const { return row(granule).stride; }
  unsigned shift(int level) const {  // lg2 bytes that a descriptor of this level is for
    return page_lg2() + stride() * static_cast<unsigned>(3 - level);
  }
  // Address bits of a descriptor or a TTBR, aligned to 2^lg2 (spec 1.1).
  std::uint64_t address_in(std::uint64_t d, unsigned lg2) const;
};
std::ostream& operator<<(std::ostream& out, const Setting& s);

// All of them.
const std::vector<Setting>& all_settings();

}  // namespace nestwalk::arm64::test
