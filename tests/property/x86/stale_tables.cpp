#include "property/x86/stale_tables.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t index(std::uint64_t address, unsigned shift) {
  return address >> shift & 511;
}

}  // namespace

StaleTables::StaleTables(PhysicalMemory& memory, bool ept) : memory_(memory), ept_(ept) {
  constexpr std::uint64_t table = flag_present | flag_write | flag_user | flags_used;
  for (unsigned s = 0; s < spaces; ++s) {
    const std::uint64_t root = space_root(s), va = linear_page(0, 0);
    memory_.write(Pa{root + 8 * index(va, 39)}, 8, (root + 0x1000) | table);
    memory_.write(Pa{root + 0x1000 + 8 * index(va, 30)}, 8, (root + 0x2000) | table);
    for (unsigned i = 0; i < 2; ++i) set_pde(s, i, page_table(s) | table);
  }
  for (unsigned k = 0; k < page_tables; ++k)
    for (unsigned j = 0; j < 2; ++j)
      for (const bool of_alternate : {false, true})
        set_pte(of_alternate, k, j, data_frame((k + j) % data_frames) | table);
  for (unsigned r = 0; r < host_roots; ++r) {
    const std::uint64_t root = host_root(r);
    memory_.write(Pa{root}, 8, (root + 0x1000) | host_table());
    memory_.write(Pa{root + 0x1000}, 8, (root + 0x2000) | host_table());
    choose_table(r, 0, true);
    for (unsigned k = 0; k < large_frames; ++k)
      memory_.write(Pa{root + 0x2000 + 8 * index(large_frame(k), 21)}, 8,
                    large_frame(k) | host_leaf() | flag_write | flag_large);
    for (unsigned t = 0; t < host_tables; ++t)
      for (std::uint64_t frame = 0x200000; frame < 0x300000; frame += 0x1000)
        set_backing(r, t, frame, Backing::writable);
  }
}

void StaleTables::set_pte(bool of_alternate, unsigned table, unsigned j, std::uint64_t word) {
  const std::uint64_t frame = of_alternate ? alternate(page_table(table)) : page_table(table);
  memory_.write(Pa{frame + 8 * j}, 8, word);
}

void StaleTables::set_pde(unsigned space, unsigned i, std::uint64_t word) {
  const std::uint64_t pd = space_root(space) + 0x2000;
  memory_.write(Pa{pd + 8 * index(linear_page(i, 0), 21)}, 8, word);
}

void StaleTables::set_backing(unsigned root, unsigned table, std::uint64_t frame, Backing backing) {
  std::uint64_t word = 0;
  if (backing != Backing::none)
    word = (backing == Backing::alternate ? alternate(frame) : frame) | host_leaf() |
           (backing == Backing::read_only ? 0 : flag_write);
  memory_.write(Pa{host_root(root) + 0x3000 + table * 0x1000u + 8 * index(frame, 12)}, 8, word);
}

void StaleTables::choose_table(unsigned root, unsigned table, bool present) {
  const std::uint64_t at = host_root(root) + 0x2000 + 8 * index(0x200000, 21);
  const std::uint64_t next = host_root(root) + 0x3000 + table * 0x1000u;
  memory_.write(Pa{at}, 8, present ? next | host_table() : 0);
}

}  // namespace nestwalk::x86::test
