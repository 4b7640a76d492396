#include "common/tlb/walk_cache.h"

#include <algorithm>

#include "common/base/random.h"

namespace nestwalk {

WalkCache::WalkCache(const std::vector<WalkCacheLevelSpec>& levels, std::uint64_t seed) {
  std::vector<WalkCacheLevelSpec> present;
  for (const WalkCacheLevelSpec& spec : levels)
    if (spec.array.entries) present.push_back(spec);
  std::sort(present.begin(), present.end(),
            [](const auto& a, const auto& b) { return a.height < b.height; });
  for (const WalkCacheLevelSpec& spec : present) {
    heights_.push_back(spec.height);
    levels_.push_back({AssocArray(spec.array, derive_seed(seed, spec.height)),
                       std::vector<Slot>(spec.array.entries)});
  }
}

WalkCache::Level* WalkCache::level_of(std::uint8_t height) {
  for (std::size_t i = 0; i < heights_.size(); ++i)
    if (heights_[i] == height) return &levels_[i];
  return nullptr;
}

const WalkCache::Payload* WalkCache::lookup(std::uint8_t height, std::uint64_t input,
                                            unsigned span_lg2, Tag tag) {
  Level* level = level_of(height);
  if (!level || span_lg2 >= 64) return nullptr;
  const std::uint64_t prefix = input >> span_lg2;
  const std::size_t slot =
      level->array.find(level->array.set_of(prefix), prefix, tag.packed(), tag.packed());
  if (slot == AssocArray::none) return nullptr;
  level->array.used(slot);
  return &level->slots[slot].payload;
}

void WalkCache::fill(std::uint8_t height, std::uint64_t input, unsigned span_lg2, Tag tag,
                     const Payload& payload) {
  Level* level = level_of(height);
  if (!level || span_lg2 >= 64) return;
  const std::uint64_t prefix = input >> span_lg2;
  const std::size_t set = level->array.set_of(prefix);
  std::size_t slot = level->array.find(set, prefix, tag.packed(), tag.packed());
  if (slot == AssocArray::none)
    slot = level->array.fill(set, prefix, tag.packed()).slot;
  else
    level->array.used(slot);
  level->slots[slot] = {prefix << span_lg2, static_cast<std::uint8_t>(span_lg2), payload};
}

std::size_t WalkCache::invalidate(const Invalidation& what, Invalidation::Walks scope,
                                  const std::optional<AddressRange>& range) {
  if (scope == Invalidation::Walks::none) return 0;
  std::size_t removed = 0;
  for (Level& level : levels_)
    for (std::size_t slot = 0; slot < level.slots.size(); ++slot) {
      if (!level.array.valid(slot)) continue;
      if (!what.selects(Tag::unpack(level.array.tag(slot)), false)) continue;
      const Slot& held = level.slots[slot];
      if (scope == Invalidation::Walks::path && range &&
          !range->meets(held.input_base, held.span_lg2))
        continue;
      level.array.drop(slot);
      ++removed;
    }
  return removed;
}

std::size_t WalkCache::occupied() const {
  std::size_t count = 0;
  for (const Level& level : levels_) count += level.array.occupied();
  return count;
}

}  // namespace nestwalk
