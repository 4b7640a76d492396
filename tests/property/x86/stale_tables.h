// Guest and host tables of a small world whose entries tests change: two address spaces, four
// linear pages, page tables that the spaces share, frames with an alternate, 2 MiB pages; two sets
// of host tables (EPT or NPT), each with two last-level tables to choose from. Accessed and dirty
// flags are always set, so that walks change nothing.
#pragma once
#include <cstdint>

#include "common/memory/physical_memory.h"

namespace nestwalk::x86::test {

inline constexpr unsigned spaces = 2, page_tables = 3, data_frames = 4, large_frames = 2,
                          host_roots = 2, host_tables = 2;

// Linear page j (0, 1) of the 2 MiB that PDE i (0, 1) maps.
constexpr std::uint64_t linear_page(unsigned i, unsigned j) {
  return 0xc0000000u + (std::uint64_t{i} << 21) + (std::uint64_t{j} << 12);
}

// Where things lie in guest-physical memory. A frame's alternate is what the host may put in its
// place: other data, or a page table with entries of its own.
constexpr std::uint64_t space_root(unsigned space) { return 0x200000 + space * 0x10000u; }
constexpr std::uint64_t page_table(unsigned k) { return 0x240000 + k * 0x1000u; }
constexpr std::uint64_t data_frame(unsigned k) { return 0x280000 + k * 0x1000u; }
constexpr std::uint64_t large_frame(unsigned k) { return 0x400000 + k * 0x200000u; }
constexpr std::uint64_t alternate(std::uint64_t frame) { return frame + 0x8000; }
constexpr std::uint64_t host_root(unsigned root) { return 0x10000000 + root * 0x100000u; }

inline constexpr std::uint64_t flag_present = 0x1, flag_write = 0x2, flag_user = 0x4,
                               flag_large = 0x80, flag_global = 0x100, flags_used = 0x60;

class StaleTables {
 public:
  // `ept`: the host's tables are EPT, else of the ordinary format.
  StaleTables(PhysicalMemory& memory, bool ept);

  // What an entry of a guest's tables is made: `flags` and, unless nothing, an address.
  void set_pte(bool of_alternate, unsigned table, unsigned j, std::uint64_t word);
  void set_pde(unsigned space, unsigned i, std::uint64_t word);
  // The host's last-level entry for a guest-physical page; the last-level table for the pages of
  // one page and more in 2 MiB.
  enum class Backing { none, read_only, writable, alternate };
  void set_backing(unsigned root, unsigned table, std::uint64_t frame, Backing backing);
  void choose_table(unsigned root, unsigned table, bool present);

 private:
  std::uint64_t host_leaf() const { return ept_ ? 0x35 : 0x65; }  // readable
  std::uint64_t host_table() const { return ept_ ? 0x7 : 0x27; }

  PhysicalMemory& memory_;
  bool ept_;
};

}  // namespace nestwalk::x86::test
