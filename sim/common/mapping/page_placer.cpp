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
  in_flight_.push_back({align_down(place.address, page->size_lg2), *page, page->size_lg2});
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
}

}  // namespace nestwalk
