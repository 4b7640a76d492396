#include "x86/ept_format.h"

namespace nestwalk::x86 {

EptFormat::EptFormat(const Eptp& eptp, bool mode_based_execute, const Cpu& cpu)
    : table_(eptp.table()),
      address_(field_mask(cpu.maxphyaddr - 1u, 12)),
      levels_(static_cast<std::uint8_t>(eptp.levels())),
      mode_based_execute_(mode_based_execute) {
  const std::uint64_t above = field_mask(51, cpu.maxphyaddr);
  reserved_table_.fill(above | field_mask(7, 3));
  for (const unsigned h : {1u, 2u}) reserved_table_[h] = above | field_mask(6, 3);
  reserved_leaf_.fill(above);
  reserved_leaf_[1] |= field_mask(20, 12);
  reserved_leaf_[2] |= field_mask(29, 12);
  const std::uint64_t execute = mode_based_execute ? one(2) | one(10) : one(2);
  present_ = 3 | execute;
  unreadable_forbids_ = ept_write | (cpu.ept_execute_only ? 0 : execute);
  if (eptp.accessed_dirty()) {
    accessed_ = one(ept_a);
    dirty_ = one(ept_d);
  }
  if (cpu.ept_wide_address_violates) wide_bits_ = static_cast<std::uint8_t>(input_bits());
}

std::uint64_t EptFormat::make_leaf(Pa out, int h, const MapRights& rights) const {
  std::uint64_t word = out.value | ept_leaf_write_back;
  if (rights.read) word |= ept_read;
  if (rights.write) word |= ept_write;
  if (rights.execute) word |= ept_execute;
  if (rights.execute && rights.user) word |= one(10);
  if (rights.accessed) word |= accessed_;
  if (rights.dirty) word |= dirty_;
  if (h > 0) word |= one(ept_ps);
  return word;
}

}  // namespace nestwalk::x86
