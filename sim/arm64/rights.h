// Rights of one mapping, for both privileges, as six bits; and a TLB entry's attributes made of
// them.
#pragma once
#include <cstdint>

#include "common/paging/access.h"

namespace nestwalk::arm64 {

// Bits 2:0 privileged, 5:3 unprivileged.
using Rights = std::uint8_t;
inline constexpr Rights right_read = 1, right_write = 2, right_execute = 4;
inline constexpr unsigned unprivileged_shift = 3;
inline constexpr Rights all_rights = 0x3f;

constexpr Rights make_rights(bool pr, bool pw, bool px, bool ur, bool uw, bool ux) {
  return static_cast<Rights>(pr | pw << 1 | px << 2 | ur << 3 | uw << 4 | ux << 5);
}
// The rights that an access needs, at its own privilege.
constexpr Rights needed(const Access& access) {
  unsigned need = access.type == AccessType::read    ? right_read
                  : access.type == AccessType::write ? right_write
                                                     : right_execute;
  if (access.read_modify_write) need |= right_read | right_write;
  return static_cast<Rights>(need << (access.user ? unprivileged_shift : 0));
}

// TLB attributes: the rights that both stages give and that need no flag to be set first, and what
// PSTATE.PAN has to know.
inline constexpr std::uint64_t attribute_pan_blocks = 1 << 6;  // EL0 may reach it, as stage 1 says
// After AT also PAR_EL1's ATTR and SH, where they stand there.
inline constexpr std::uint64_t attribute_memory = std::uint64_t{0xff} << 56 | 3 << 7;

// Permit::detail and Fault::detail: the write was denied (of a read-modify-write, the read was
// not).
inline constexpr std::uint32_t detail_write_denied = 1;

}  // namespace nestwalk::arm64
