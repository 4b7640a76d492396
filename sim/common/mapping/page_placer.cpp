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
    if (align_down(place.address, other.page.size_lg2) == other.base) {
      PlacedPage same = other;
      same.fresh = false;
      return same;
    }
    // A page of the same larger block is on its way into the tables: the block is not vacant.
    while (place.vacant_lg2 > FrameAllocator::smallest_lg2 &&
           align_down(other.base, place.vacant_lg2) == align_down(place.address, place.vacant_lg2))
      --place.vacant_lg2;
  }
  const std::optional<Placement> page = policy_.place(place, frames_);
  if (!page) return std::nullopt;
  in_flight_.push_back({align_down(place.address, page->size_lg2), *page, true});
  return in_flight_.back();
}

bool PagePlacer::pending(const PlacedPage& placed) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), same_as(placed));
}

void PagePlacer::settled(const PlacedPage& placed, MappingCounts& counts) {
  const auto at = std::find_if(in_flight_.begin(), in_flight_.end(), same_as(placed));
  NW_CHECK(at != in_flight_.end(), "the page at {:#x} was not pending", placed.base);
  in_flight_.erase(at);
  counts.mapped_bytes += one(placed.page.size_lg2);
  ++counts.pages_by_lg2[placed.page.size_lg2];
  counts.fallbacks += placed.page.fell_back;
}

}  // namespace nestwalk
