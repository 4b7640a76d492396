#include "common/mapping/page_placer.h"

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/check.h"

namespace nestwalk {
namespace {

auto same_as(const PlacedPage& placed) {
  return [&](const PlacedPage& other) {
    return other.base == placed.base && other.page.frame == placed.page.frame;
  };
}

}  // namespace

std::optional<PlacedPage> PagePlacer::place(FaultPlace place) {
  for (const PlacedPage& other : in_flight_) {
    if (align_down(place.address, other.page.size_lg2) != other.base) continue;
    PlacedPage same = other;
    same.fresh_lg2 = 0;
    return same;
  }
  if (const auto block = block_around(place.address); block != blocks_.end())
    return enter(place.address, block->second.page, 0);

  // What is on its way into the tables is not vacant, though the tables know nothing of it.
  place.vacant = [this, address = place.address, tables = std::move(place.vacant)](unsigned lg2) {
    return std::none_of(in_flight_.begin(), in_flight_.end(),
                        [&](const PlacedPage& other) {
                          return align_down(other.base, lg2) == align_down(address, lg2);
                        }) &&
           tables(lg2);
  };
  const std::optional<Placement> page = policy_.place(place, frames_);
  if (!page) return std::nullopt;
  if (part_(page->size_lg2) != page->size_lg2) {
    const std::uint64_t bytes = one(page->size_lg2);
    blocks_[align_down(place.address, page->size_lg2)] = {{page->frame, page->size_lg2, false},
                                                          bytes};
    waiting_bytes_ += bytes;
  }
  return enter(place.address, *page, page->size_lg2);
}

PagePlacer::Blocks::iterator PagePlacer::block_around(std::uint64_t address) {
  auto at = blocks_.upper_bound(address);
  if (at == blocks_.begin()) return blocks_.end();
  --at;
  return address - at->first < one(at->second.page.size_lg2) ? at : blocks_.end();
}

const PlacedPage& PagePlacer::enter(std::uint64_t address, const Placement& block,
                                    unsigned fresh_lg2) {
  const auto part_lg2 = static_cast<std::uint8_t>(part_(block.size_lg2));
  const std::uint64_t base = align_down(address, part_lg2);
  const std::uint64_t offset = base & low_mask(block.size_lg2);
  in_flight_.push_back({base,
                        {block.frame + offset, part_lg2, block.fell_back},
                        static_cast<std::uint8_t>(fresh_lg2)});
  return in_flight_.back();
}

bool PagePlacer::pending(const PlacedPage& placed) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), same_as(placed));
}

bool PagePlacer::pending(std::uint64_t address) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const PlacedPage& placed) {
    return align_down(address, placed.page.size_lg2) == placed.base;
  });
}

void PagePlacer::settled(const PlacedPage& placed, MappingCounts& counts) {
  const auto at = std::find_if(in_flight_.begin(), in_flight_.end(), same_as(placed));
  NW_CHECK(at != in_flight_.end(), "the page at {:#x} was not pending", placed.base);
  counts.fallbacks += at->page.fell_back;
  in_flight_.erase(at);
  counts.mapped_bytes += one(placed.page.size_lg2);
  ++counts.pages_by_lg2[placed.page.size_lg2];
  const auto block = block_around(placed.base);
  if (block == blocks_.end()) return;
  waiting_bytes_ -= one(placed.page.size_lg2);
  block->second.waiting_bytes -= one(placed.page.size_lg2);
  if (block->second.waiting_bytes == 0) blocks_.erase(block);
}

}  // namespace nestwalk
