// Every table format of x86 under one choice of capabilities: as guest tables, as nested tables,
// and EPT. Beside each the geometry that the manual gives it, restated.
#pragma once
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>

#include "x86/ept_format.h"
#include "x86/paging_format.h"

namespace nestwalk::x86::test {

// Where the root table lies.
inline constexpr std::uint64_t first_table = 0x1000;

struct FormatChoice {
  bool nxe = true, pse = true, gib_pages = true, amd = false;
  unsigned pse36_address_bits = 40;
  bool ept_accessed_dirty = true, mode_based_execute = false, execute_only = true;
};
inline void showValue(const FormatChoice& c, std::ostream& out) {
  out << "NXE " << c.nxe << ", PSE " << c.pse << ", 1G pages " << c.gib_pages << ", AMD " << c.amd
      << ", PSE-36 bits " << c.pse36_address_bits << ", EPT A/D " << c.ept_accessed_dirty
      << ", MBEC " << c.mode_based_execute << ", execute-only " << c.execute_only;
}

struct Geometry {
  std::string name;
  int levels = 4;           // tables that a walk reads
  unsigned index_bits = 9;  // of every table but PAE's directory-pointer table: 2
  unsigned input_bits = 48;
  unsigned maxphyaddr = 52;
  unsigned large_page_reach = 52;  // address bits of a 4 MiB page; of all others: maxphyaddr or 32

  unsigned shift(int h) const { return 12 + index_bits * static_cast<unsigned>(h); }
  unsigned entries_lg2(int h) const { return input_bits == 32 && h == 2 ? 2 : index_bits; }
  bool four_byte() const { return index_bits == 10; }
  // Address bits of what an entry points to.
  unsigned reach(int h, bool leaf) const {
    if (!four_byte()) return maxphyaddr;
    return leaf && h == 1 ? large_page_reach : 32;
  }
};

// Calls use(format, geometry) for every format.
template <class Use>
void for_each_format(const FormatChoice& choice, unsigned maxphyaddr, Use use) {
  using enum PagingKind;
  Cpu cpu;
  cpu.vendor = choice.amd ? Vendor::amd : Vendor::intel;
  cpu.maxphyaddr = static_cast<std::uint8_t>(maxphyaddr);
  cpu.gib_pages = choice.gib_pages;
  cpu.pse36_address_bits = static_cast<std::uint8_t>(choice.pse36_address_bits);
  cpu.ept_execute_only = choice.execute_only;
  Registers registers;
  registers.cr0 = one(cr0_pg) | one(cr0_pe);
  registers.cr4 = choice.pse ? one(cr4_pse) : 0;
  registers.efer = choice.nxe ? one(efer_nxe) : 0;
  for (std::uint64_t i = 0; i < 4; ++i) registers.pdptes[i] = (i + 1) << 12 | one(pte_p);
  const unsigned large_reach = std::min(maxphyaddr, choice.pse36_address_bits);
  const auto both = [&](PagingKind kind, bool memory, Geometry geometry) {
    const std::string name = geometry.name;
    use(GuestFormat(kind, memory, first_table, registers, cpu, {}), geometry);
    geometry.name = "nested " + name;
    use(NptFormat(kind, memory, first_table, registers, cpu, AccessRules::npt()), geometry);
  };
  both(two_level, false, {"32-bit", 2, 10, 32, maxphyaddr, large_reach});
  both(pae, true, {"PAE", 3, 9, 32, maxphyaddr, maxphyaddr});
  use(GuestFormat(pae, false, first_table, registers, cpu, {}),
      Geometry{"PAE with PDPTE registers", 2, 9, 32, maxphyaddr, maxphyaddr});
  both(four_level, false, {"4-level", 4, 9, 48, maxphyaddr, maxphyaddr});
  both(five_level, false, {"5-level", 5, 9, 57, maxphyaddr, maxphyaddr});
  for (const unsigned levels : {4u, 5u})
    use(EptFormat(make_eptp(first_table, levels, choice.ept_accessed_dirty),
                  choice.mode_based_execute, cpu),
        Geometry{"EPT", static_cast<int>(levels), 9, levels == 5 ? 57u : 48u, maxphyaddr,
                 maxphyaddr});
}

}  // namespace nestwalk::x86::test
