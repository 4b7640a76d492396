#include "x86/paging_format.h"

namespace nestwalk::x86 {
namespace {

// Physical-address bits above M that entries have but must keep zero.
std::uint64_t above(unsigned maxphyaddr, unsigned high) { return field_mask(high, maxphyaddr); }

// 32-bit paging. Bits 20:13 of a 4 MiB leaf are address bits 39:32, as far as the processor has
// them.
PagingMasks two_level_masks(const Registers& registers, const Cpu& cpu) {
  PagingMasks masks;
  const unsigned reach = cpu.four_mib_page_bits();
  masks.large[1] = registers.pse();
  masks.table_address[1] = masks.leaf_address[0] = field_mask(31, 12);
  masks.leaf_address[1] = field_mask(31, 22);
  masks.reserved_leaf[1] = one(21) | field_mask(20, 13 + (reach - 32));
  return masks;
}

PagingMasks eight_byte_masks(PagingKind kind, const Registers& registers, const Cpu& cpu) {
  PagingMasks masks;
  const bool pae = kind == PagingKind::pae;
  const std::uint64_t xd = registers.no_execute() ? 0 : one(pte_xd);
  const std::uint64_t common = above(cpu.maxphyaddr, pae ? 62 : 51) | xd;
  masks.large[1] = true;
  masks.large[2] = !pae && cpu.gib_pages;
  masks.reserved_table.fill(common);
  masks.reserved_leaf.fill(common);
  masks.reserved_leaf[1] |= field_mask(20, 13);
  masks.reserved_leaf[2] |= field_mask(29, 13);
  if (pae) {
    masks.reserved_table[2] = pae_pdpte_reserved(cpu);
  } else {
    if (!cpu.gib_pages) masks.reserved_table[2] |= one(pte_ps);
    for (const unsigned h : {3u, 4u}) {
      masks.reserved_table[h] |= one(pte_ps);
      if (cpu.vendor == Vendor::amd && !cpu.quirks.upper_bit8_ignored)
        masks.reserved_table[h] |= one(pte_g);
    }
  }
  masks.table_address.fill(field_mask(cpu.maxphyaddr - 1u, 12));
  masks.leaf_address[0] = field_mask(cpu.maxphyaddr - 1u, 12);
  masks.leaf_address[1] = field_mask(cpu.maxphyaddr - 1u, 21);
  masks.leaf_address[2] = field_mask(cpu.maxphyaddr - 1u, 30);
  return masks;
}

}  // namespace

std::uint64_t pae_pdpte_reserved(const Cpu& cpu) {
  const std::uint64_t low =
      cpu.quirks.pdpte_low_bits_ignored ? 0 : field_mask(8, 5) | field_mask(2, 1);
  return one(63) | above(cpu.maxphyaddr, 62) | low;
}

PagingMasks paging_masks(PagingKind kind, const Registers& registers, const Cpu& cpu) {
  if (kind == PagingKind::off) return {};
  return kind == PagingKind::two_level ? two_level_masks(registers, cpu)
                                       : eight_byte_masks(kind, registers, cpu);
}

const PagingGeometry& paging_geometry(PagingKind kind, bool pdptes_in_memory) {
  switch (kind) {
    case PagingKind::off:
    case PagingKind::two_level:
      return two_level_geometry;
    case PagingKind::pae:
      return pdptes_in_memory ? pae_memory_geometry : pae_register_geometry;
    case PagingKind::four_level:
      return four_level_geometry;
    case PagingKind::five_level:
      return five_level_geometry;
  }
  return four_level_geometry;
}

}  // namespace nestwalk::x86
