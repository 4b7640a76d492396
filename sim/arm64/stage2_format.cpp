#include "arm64/stage2_format.h"

namespace nestwalk::arm64 {
namespace {

// Bits of stage-2 descriptors (Arm ARM D8.3.1).
constexpr unsigned s2ap_read = 6, s2ap_write = 7, xn0 = 53, xn1 = 54;
constexpr std::uint64_t normal_write_back = 0xf << 2, forced_write_back = 6 << 2;
constexpr std::uint64_t inner_shareable = 3 << 8;

}  // namespace

Rights Stage2Format::rights(std::uint64_t word) const {
  const std::uint64_t d = geometry().load(word);
  const bool r = bit(d, s2ap_read), w = bit(d, s2ap_write) || dirty_managed(d);
  const bool ux = !bit(d, xn1);
  // XN[1:0] with FEAT_XNX: 00 both, 01 EL0 only, 10 none, 11 EL1 only.
  const bool px = c_.xnx ? bit(d, xn1) == bit(d, xn0) : ux;
  return make_rights(r, w, px, r, w, ux);
}

bool Stage2Format::is_device(std::uint64_t word) const {
  const std::uint64_t d = geometry().load(word);
  return c_.fwb ? !bit(d, 4) : bits(d, 5, 4) == 0;
}

Stage2Memory Stage2Format::memory(std::uint64_t word) const {
  const std::uint64_t d = geometry().load(word);
  return {static_cast<unsigned>(bits(d, 5, 2)),
          geometry().ds ? c_.sh : static_cast<unsigned>(bits(d, 9, 8)), c_.fwb, c_.cache_disabled};
}

Permit Stage2Format::permit(Path, std::uint64_t word, int, const Access& access) const {
  const std::uint64_t d = geometry().load(word);
  if (!bit(d, descriptor::access_flag) && !c_.ha) return {FaultCause::access_flag};
  Rights need = needed(access);
  if (access.table_walk) {
    if (c_.ptw && is_device(word)) return {FaultCause::permission};
  } else if (c_.operation != Operation::plain) [[unlikely]] {
    const bool touches = c_.operation == Operation::unaligned || c_.operation == Operation::dc_zva;
    if (touches && is_device(word)) return {FaultCause::alignment};
    const bool clean = c_.operation == Operation::dc_clean || c_.operation == Operation::ic;
    if (clean) need = access.user ? Rights{right_read << unprivileged_shift} : Rights{0};
  }
  const Rights denied = static_cast<Rights>(need & ~rights(word));
  if (denied == 0) return {};
  const bool read_denied = (denied & (right_read | right_read << unprivileged_shift)) != 0;
  return {FaultCause::permission, read_denied ? 0 : detail_write_denied};
}

std::uint64_t Stage2Format::mark_leaf(std::uint64_t word, const Access& access) const {
  if (!c_.ha) return word;
  std::uint64_t d = geometry().load(word);
  d |= one(descriptor::access_flag);
  // A table update is the walker's own write, whatever instruction it is made for.
  const bool dirties = access.table_walk || !is_maintenance(c_.operation);
  if ((access.writes() || access.read_modify_write) && dirties && dirty_managed(d))
    d |= one(s2ap_write);
  return geometry().load(d);
}

std::uint64_t Stage2Format::make_table(Pa next) const {
  const std::uint64_t d = geometry().address_bits(next.value) | 3;
  return geometry().load(d);
}

std::uint64_t Stage2Format::make_leaf(Pa out, int h, const MapRights& r) const {
  std::uint64_t d = geometry().address_bits(out.value) | (h == 0 ? 3 : 1);
  const bool managed = c_.ha && c_.hd && r.write;
  d |= c_.fwb ? forced_write_back : normal_write_back;
  if (!geometry().ds) d |= inner_shareable;
  if (r.read) d |= one(s2ap_read);
  if (r.write && (!managed || r.dirty)) d |= one(s2ap_write);
  if (managed) d |= one(descriptor::dirty_modifier);
  if (r.accessed) d |= one(descriptor::access_flag);
  if (r.contiguous) d |= one(descriptor::contiguous);
  if (!r.execute) d |= one(xn1);
  return geometry().load(d);
}

}  // namespace nestwalk::arm64
