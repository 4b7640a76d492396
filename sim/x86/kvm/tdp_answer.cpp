#include "x86/kvm/tdp_answer.h"

#include <algorithm>

namespace nestwalk::x86 {
namespace {

constexpr unsigned page_lg2 = 12;

// D-12. What is present can be read.
bool allows(const TdpEntry& entry, const TdpViolation& fault) {
  if (entry.kind != TdpEntry::Kind::page) return false;
  if (fault.fetch) return entry.executable;
  return !fault.write || entry.writable;
}

// The largest size that slot and page allow.
unsigned possible_lg2(const TdpViolation& fault, const Slot& slot, const TdpLookup& lookup) {
  for (const unsigned lg2 : {30u, 21u})
    if (lg2 <= lookup.page.size_lg2 && lg2 <= lookup.most_lg2 && slot.allows_block(fault.gpa, lg2))
      return lg2;
  return page_lg2;
}

}  // namespace

std::optional<TdpAnswer> mmio_answer(const TdpViolation& fault, const TdpEntry& found,
                                     std::uint64_t generation) {
  if (found.kind != TdpEntry::Kind::mmio) return TdpAnswer{.act = TdpAct::retry};
  if (found.generation != generation) return std::nullopt;
  return TdpAnswer{.act = TdpAct::emulate, .base = fault.gpa.aligned(page_lg2)};
}

std::optional<TdpAnswer> fast_answer(const TdpViolation& fault, const TdpEntry& found,
                                     const Slot* slot) {
  if (fault.reserved || !fault.present || !fault.write) return std::nullopt;
  if (found.kind != TdpEntry::Kind::page) return std::nullopt;
  if (allows(found, fault)) return TdpAnswer{.act = TdpAct::spurious};
  const bool logged = slot && slot->log_dirty;
  if (!found.mmu_writable || (logged && found.size_lg2 > page_lg2)) return std::nullopt;
  TdpAnswer answer{.act = TdpAct::fix,
                   .base = fault.gpa.aligned(found.size_lg2),
                   .entry = found,
                   .marks_dirty = logged};
  answer.entry.writable = true;
  return answer;
}

std::optional<TdpAnswer> slot_answer(const TdpViolation& fault, const Slot* slot,
                                     std::uint64_t generation, const TdpTraits& traits) {
  if (slot && slot->invalid) return TdpAnswer{.act = TdpAct::retry};
  if (slot && slot->read_only && fault.write) return TdpAnswer{.act = TdpAct::emulate};
  if (slot) return std::nullopt;
  const Ipa base = fault.gpa.aligned(page_lg2);
  if (!traits.mmio_caching || fault.gpa.value >> traits.mmio_bits)
    return TdpAnswer{.act = TdpAct::emulate, .base = base};
  // Whether the entry's access rights have W decides about D when it is replaced (D-13).
  return TdpAnswer{
      .act = TdpAct::cache_and_emulate,
      .base = base,
      .entry = {
          .kind = TdpEntry::Kind::mmio, .frame = {}, .writable = true, .generation = generation}};
}

unsigned entry_size_lg2(const TdpViolation& fault, const Slot& slot, const TdpLookup& lookup,
                        const TdpTraits& traits) {
  if (slot.log_dirty || (fault.fetch && traits.nx_huge_pages)) return page_lg2;
  return possible_lg2(fault, slot, lookup);
}

TdpAnswer page_answer(const TdpViolation& fault, const Slot& slot, const TdpLookup& lookup,
                      const TdpEntry& found, const TdpTraits& traits) {
  if (lookup.stale) return {.act = TdpAct::retry};
  const unsigned lg2 = entry_size_lg2(fault, slot, lookup, traits);
  const bool present = found.kind == TdpEntry::Kind::page;
  if (present && found.size_lg2 == lg2 && traits.leaves_what_serves &&
      (fault.prefetch || allows(found, fault)))
    return {.act = TdpAct::spurious};

  const HostPage& page = lookup.page;
  const Hva hva = slot.hva_of(fault.gpa).aligned(lg2);
  TdpAnswer answer{.act = TdpAct::map, .base = fault.gpa.aligned(lg2)};
  TdpEntry& entry = answer.entry;
  entry.kind = TdpEntry::Kind::page;
  entry.frame = page.zero_page ? page.frame : page.frame + (hva - page.base);
  entry.size_lg2 = static_cast<std::uint8_t>(lg2);
  entry.writable = page.writable && !slot.read_only;
  entry.host_writable = entry.mmu_writable = entry.writable;
  entry.executable = !(traits.nx_huge_pages && lg2 > page_lg2);
  entry.accessed = !fault.prefetch;
  entry.dirty = entry.writable && (traits.dirty_with_write || !found.writable);
  if (entry == found) return {.act = TdpAct::spurious};
  answer.marks_dirty = entry.writable && slot.log_dirty;
  answer.splits = present && found.size_lg2 > lg2;
  answer.for_nx = fault.fetch && traits.nx_huge_pages && !slot.log_dirty &&
                  possible_lg2(fault, slot, lookup) > page_lg2;
  return answer;
}

}  // namespace nestwalk::x86
