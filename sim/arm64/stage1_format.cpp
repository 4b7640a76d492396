#include "arm64/stage1_format.h"

namespace nestwalk::arm64 {
namespace {

// Bits of stage-1 descriptors (Arm ARM D8.3.1).
constexpr unsigned ap1 = 6, ap2 = 7, pxn = 53, uxn = 54;
constexpr unsigned pxn_table = 59, uxn_table = 60, ap_table0 = 61, ap_table1 = 62;
constexpr std::uint64_t inner_shareable = 3 << 8;

}  // namespace

Stage1Path Stage1Format::descend(Path path, std::uint64_t word) const {
  if (c_.hierarchy_off) return path;
  const std::uint64_t d = geometry().load(word);
  const bool two = !c_.one_privilege && !c_.nv1;
  path.read_only |= bit(d, ap_table1);
  if (two) path.no_el0 |= bit(d, ap_table0);
  if (c_.nv1) {  // bit 60 is PXNTable, bit 59 is reserved
    path.pxn |= bit(d, uxn_table);
  } else {
    path.uxn |= bit(d, uxn_table);
    if (two) path.pxn |= bit(d, pxn_table);
  }
  return path;
}

// The descriptor's rights. A dirty-managed leaf counts as writable: that it is still clean never
// denies a write (ASL S1ApplyOutputPerms).
Rights Stage1Format::rights(Path path, std::uint64_t word) const {
  const std::uint64_t d = geometry().load(word);
  const bool writable = !path.read_only && (!bit(d, ap2) || dirty_managed(d));
  const bool forbids =
      geometry().departures.clean_is_executable ? !path.read_only && !bit(d, ap2) : writable;
  if (c_.one_privilege) {
    const bool x = !bit(d, uxn) && !path.uxn && !(c_.wxn && forbids);
    return make_rights(true, writable, x, false, false, false);
  }
  if (c_.nv1) {  // AP[1] and UXN do not exist: no EL0 data access, bit 54 is PXN
    const bool px = !bit(d, uxn) && !path.pxn && !(c_.wxn && forbids);
    return make_rights(true, writable, px, false, false, true);
  }
  const bool el0 = bit(d, ap1) && !path.no_el0;
  const bool px = !bit(d, pxn) && !path.pxn && !(forbids && (el0 || c_.wxn));
  const bool ux = !bit(d, uxn) && !path.uxn && !(forbids && el0 && c_.wxn);
  return make_rights(true, writable, px, el0, el0 && writable, ux);
}

Permit Stage1Format::permit(Path path, std::uint64_t word, int, const Access& access) const {
  const std::uint64_t d = geometry().load(word);
  if (!bit(d, descriptor::access_flag) && !c_.ha) return {FaultCause::access_flag};
  Rights need = needed(access);
  if (c_.operation != Operation::plain) [[unlikely]] {
    const bool touches = c_.operation == Operation::unaligned || c_.operation == Operation::dc_zva;
    if (touches && is_device(word)) return {FaultCause::alignment};
    // At EL0 cleaning needs the right to read; at EL1 only DC IVAC needs a right, to write.
    const bool clean = c_.operation == Operation::dc_clean || c_.operation == Operation::ic;
    if (clean) need = access.user ? Rights{right_read << unprivileged_shift} : Rights{0};
  }
  const Rights have = rights(path, word);
  Rights given = have;
  // AT S1E1R and W are walked with PAN clear; S1E1RP and WP heed it.
  const bool heeds_pan = !is_maintenance(c_.operation) || c_.operation == Operation::at;
  if (c_.pan && heeds_pan && !access.user && pan_blocks(have))
    given = static_cast<Rights>(given & ~(right_read | right_write));
  if ((need & ~given) == 0) return {};
  const Rights denied = static_cast<Rights>(need & ~given);
  const bool read_denied = (denied & (right_read | right_read << unprivileged_shift)) != 0;
  return {FaultCause::permission, read_denied ? 0 : detail_write_denied};
}

std::uint64_t Stage1Format::mark_leaf(std::uint64_t word, const Access& access) const {
  if (!c_.ha) return word;
  std::uint64_t d = geometry().load(word);
  d |= one(descriptor::access_flag);
  if ((access.writes() || access.read_modify_write) && !is_maintenance(c_.operation) &&
      dirty_managed(d))
    d &= ~one(ap2);
  return geometry().load(d);
}

MemoryType Stage1Format::memory(std::uint64_t word) const {
  const std::uint64_t d = geometry().load(word);
  const auto index = static_cast<unsigned>(bits(d, 4, 2));
  const unsigned sh = geometry().ds ? c_.sh : static_cast<unsigned>(bits(d, 9, 8));
  return stage1_memory(static_cast<std::uint8_t>(c_.mair >> 8 * index), sh, c_.cacheable);
}

std::uint64_t Stage1Format::make_table(Ipa next) const {
  const std::uint64_t d = geometry().address_bits(next.value) | 3;
  return geometry().load(d);
}

std::uint64_t Stage1Format::make_leaf(Ipa out, int h, const MapRights& r) const {
  std::uint64_t d = geometry().address_bits(out.value) | (h == 0 ? 3 : 1);
  const bool managed = c_.ha && c_.hd && r.write;
  if (!geometry().ds) d |= inner_shareable;
  if (r.user && !c_.one_privilege) d |= one(ap1);
  if (!r.write || (managed && !r.dirty)) d |= one(ap2);
  if (managed) d |= one(descriptor::dirty_modifier);
  if (r.accessed) d |= one(descriptor::access_flag);
  if (!r.global) d |= one(descriptor::not_global);
  if (r.contiguous) d |= one(descriptor::contiguous);
  if (c_.one_privilege || c_.nv1) {
    if (!r.execute) d |= one(uxn);
  } else {
    if (!r.execute || !r.user) d |= one(uxn);
    if (!r.execute || r.user) d |= one(pxn);
  }
  return geometry().load(d);
}

}  // namespace nestwalk::arm64
