#include "common/tlb/tlb.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/random.h"

namespace nestwalk {

Tlb::Tlb(const std::vector<TlbArraySpec>& arrays, std::uint64_t seed) {
  for (const TlbArraySpec& spec : arrays) {
    if (spec.array.entries == 0) continue;
    parts_.push_back({spec.sizes_lg2, std::vector<std::uint32_t>(spec.sizes_lg2.size()),
                      AssocArray(spec.array, derive_seed(seed, parts_.size())),
                      std::vector<TlbEntry>(spec.array.entries)});
  }
}

std::uint32_t& Tlb::held_of(Part& part, std::uint8_t lg2) {
  const auto at = std::find(part.sizes.begin(), part.sizes.end(), lg2);
  NW_CHECK(at != part.sizes.end(), "a TLB array holds an entry of size 2^{}", lg2);
  return part.held[static_cast<std::size_t>(at - part.sizes.begin())];
}

std::optional<std::uint8_t> Tlb::held_size(std::uint8_t size_lg2) const {
  std::optional<std::uint8_t> best;
  for (const Part& part : parts_)
    for (const std::uint8_t lg2 : part.sizes)
      if (lg2 <= size_lg2 && (!best || lg2 > *best)) best = lg2;
  return best;
}

bool Tlb::conflict(Va va, Tag tag) const {
  unsigned found = 0;
  const std::uint64_t own = tag.packed(), global = global_tag(own);
  for (const Part& part : parts_)
    for (const std::uint8_t lg2 : part.sizes) {
      const std::size_t set = part.array.set_of(va.value >> lg2);
      for (const std::uint64_t owner : {own, global})
        if (part.array.find(set, key(va, lg2), owner, owner) != AssocArray::none) ++found;
    }
  return found > 1;
}

void Tlb::fill(TlbEntry entry, Va va) {
  const std::optional<std::uint8_t> size = held_size(entry.size_lg2);
  if (!size || entry.uncached) return;
  entry.leaf_lg2 = entry.origin_lg2();  // of the whole leaf, before it is cut
  entry.frame = entry.translate(va).aligned(*size);
  entry.page = va.aligned(*size);
  entry.size_lg2 = *size;
  for (Part& part : parts_) {
    if (std::find(part.sizes.begin(), part.sizes.end(), *size) == part.sizes.end()) continue;
    const std::uint64_t tag = entry.global ? global_tag(entry.tag.packed()) : entry.tag.packed();
    const std::size_t set = part.array.set_of(va.value >> *size);
    std::size_t slot = part.array.find(set, key(va, *size), tag, tag);
    if (slot == AssocArray::none) {
      const AssocArray::Filled filled = part.array.fill(set, key(va, *size), tag);
      slot = filled.slot;
      if (filled.evicted) --held_of(part, part.entries[slot].size_lg2);
      ++held_of(part, *size);
    } else {
      part.array.used(slot);
    }
    part.entries[slot] = entry;
    return;
  }
}

void Tlb::remove(Part& part, std::size_t slot) {
  --held_of(part, part.entries[slot].size_lg2);
  part.array.drop(slot);
}

void Tlb::drop(Va va, Tag tag) {
  const std::uint64_t own = tag.packed(), global = global_tag(own);
  for (Part& part : parts_)
    for (const std::uint8_t lg2 : part.sizes) {
      const std::size_t set = part.array.set_of(va.value >> lg2);
      // Two, if the page has become global (or no longer is) since it was cached.
      for (std::size_t slot;
           (slot = part.array.find(set, key(va, lg2), own, global)) != AssocArray::none;)
        remove(part, slot);
    }
}

std::size_t Tlb::invalidate(const Invalidation& what) {
  if (!what.final_entries) return 0;
  std::size_t removed = 0;
  for (Part& part : parts_)
    for (std::size_t slot = 0; slot < part.entries.size(); ++slot) {
      if (!part.array.valid(slot)) continue;
      if (!covers(what, part.entries[slot])) continue;
      remove(part, slot);
      ++removed;
    }
  return removed;
}

std::size_t Tlb::occupied() const {
  std::size_t count = 0;
  for (const Part& part : parts_) count += part.array.occupied();
  return count;
}

}  // namespace nestwalk
