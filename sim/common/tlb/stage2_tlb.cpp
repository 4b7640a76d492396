#include "common/tlb/stage2_tlb.h"

#include <algorithm>

namespace nestwalk {

Stage2Tlb::Stage2Tlb(const ArraySpec& spec, std::uint64_t seed) : entries_(spec.entries) {
  if (spec.entries) array_.emplace_back(spec, seed);
}

std::uint32_t& Stage2Tlb::held_of(std::uint8_t lg2) {
  const auto at = std::find(sizes_.begin(), sizes_.end(), lg2);
  if (at == sizes_.end()) {
    sizes_.push_back(lg2);
    held_.push_back(0);
    return held_.back();
  }
  return held_[static_cast<std::size_t>(at - sizes_.begin())];
}

const Stage2Entry* Stage2Tlb::lookup(Ipa ipa, Tag tag) {
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    if (held_[i] == 0) continue;
    AssocArray& array = array_.front();
    const std::size_t slot = array.find(array.set_of(ipa.value >> sizes_[i]), key(ipa, sizes_[i]),
                                        tag.packed(), tag.packed());
    if (slot == AssocArray::none) continue;
    array.used(slot);
    return &entries_[slot];
  }
  return nullptr;
}

void Stage2Tlb::fill(const Stage2Entry& entry, Tag tag) {
  if (!exists()) return;
  AssocArray& array = array_.front();
  const std::uint64_t wanted = key(entry.page, entry.size_lg2);
  const std::size_t set = array.set_of(entry.page.value >> entry.size_lg2);
  std::size_t slot = array.find(set, wanted, tag.packed(), tag.packed());
  if (slot == AssocArray::none) {
    const AssocArray::Filled filled = array.fill(set, wanted, tag.packed());
    slot = filled.slot;
    if (filled.evicted) --held_of(entries_[slot].size_lg2);
    ++held_of(entry.size_lg2);
  } else {
    array.used(slot);
  }
  entries_[slot] = entry;
}

void Stage2Tlb::drop(Ipa ipa, Tag tag) {
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    AssocArray& array = array_.front();
    const std::size_t slot = array.find(array.set_of(ipa.value >> sizes_[i]), key(ipa, sizes_[i]),
                                        tag.packed(), tag.packed());
    if (slot == AssocArray::none) continue;
    array.drop(slot);
    --held_[i];
  }
}

std::size_t Stage2Tlb::invalidate(const Invalidation& what) {
  if (!what.second_stage) return 0;
  std::size_t removed = 0;
  for (std::size_t slot = 0; slot < entries_.size(); ++slot) {
    AssocArray& array = array_.front();
    if (!array.valid(slot)) continue;
    // Second-stage entries belong to no address space: only vm, root and regime select them.
    Tag tag = Tag::unpack(array.tag(slot));
    if (what.space) tag.space = *what.space;
    if (!what.selects(tag, false)) continue;
    const Stage2Entry& entry = entries_[slot];
    const unsigned reach = std::max(entry.size_lg2, entry.leaf_lg2);
    if (what.ipa && !what.ipa->meets(entry.page.aligned(reach).value, reach)) continue;
    if (what.size_lg2 && *what.size_lg2 != entry.leaf_lg2) continue;
    --held_of(entry.size_lg2);
    array.drop(slot);
    ++removed;
  }
  return removed;
}

std::size_t Stage2Tlb::occupied() const { return array_.empty() ? 0 : array_.front().occupied(); }

}  // namespace nestwalk
