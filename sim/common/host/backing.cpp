#include "common/host/backing.h"

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/check.h"

namespace nestwalk {
namespace {

bool allows(HostRights rights, bool write) {
  return rights == HostRights::read_write || (!write && rights == HostRights::read);
}

}  // namespace

void Backing::add_area(const Area& area) {
  NW_CHECK(area.policy && area.range.bytes, "an area without a policy, or of no bytes");
  const auto next = areas_.lower_bound(area.range.first.value);
  NW_CHECK((next == areas_.end() || area.range.end() <= next->second.range.first) &&
               !area_of(area.range.first),
           "an area at {:#x} overlaps another", area.range.first.value);
  areas_[area.range.first.value] = area;
}

void Backing::remove_area(Hva first) {
  const auto found = areas_.find(first.value);
  NW_CHECK(found != areas_.end(), "no area begins at {:#x}", first.value);
  Area& area = found->second;
  for_each_page(area.range, [&](const HostPage& page) {
    pages_.erase(page.base);
    give_back(page, *area.policy);
  });
  areas_.erase(found);
}

const Area* Backing::area_of(Hva at) const { return const_cast<Backing*>(this)->area_at(at); }

Area* Backing::area_at(Hva at) {
  auto next = areas_.upper_bound(at.value);
  if (next == areas_.begin()) return nullptr;
  Area& area = std::prev(next)->second;
  return area.range.holds(at) ? &area : nullptr;
}

Touched Backing::touch(Hva at, bool write) {
  const Area* area = area_of(at);
  if (!area || !allows(area->rights, write)) return {};
  std::optional<HostPage> page = pages_.find(at);
  if (page && (!write || !page->zero_page)) return {TouchEnd::present, *page};

  const bool writable = area->rights == HostRights::read_write;
  const std::uint64_t last = area->range.end().value - 1;
  if (!write && area->first_read == FirstRead::zero_page && !area->hugetlb_lg2) {
    // Of one base page; Linux has a huge one for THP, of the size of one table's block.
    HostPage zero{at.aligned(page_lg2_), zero_page_, page_lg2_, false, true, false};
    pages_.insert(zero);
    return {TouchEnd::filled, zero};
  }
  if (page) pages_.erase(at);  // the zero page gives way
  const auto placed =
      area->policy->place({at.value, area->range.first.value, last,
                           [&](unsigned size_lg2) { return pages_.vacant(at, size_lg2); }},
                          frames_);
  if (!placed) {
    if (page) pages_.insert(*page);
    return {.end = TouchEnd::out_of_memory, .page = {}};
  }
  page = HostPage{
      at.aligned(placed->size_lg2),         Pa{placed->frame}, placed->size_lg2, writable, false,
      placed->size_lg2 == area->hugetlb_lg2};
  pages_.insert(*page);
  return {TouchEnd::filled, *page, placed->size_lg2, placed->fell_back};
}

HvaRange Backing::changed_by(const HvaRange& range) const {
  Hva first = range.first, end = range.end();
  if (const auto page = pages_.find(first)) first = page->base;
  if (const auto page = pages_.find(Hva{end.value - 1}))
    end = std::max(end, page->base + one(page->size_lg2));
  return {first, end - first};
}

template <class F>
void Backing::for_each_page(const HvaRange& range, F&& f) {
  for (Hva at = range.first; at < range.end();) {
    const auto page = pages_.find(at);
    if (page) f(*page);
    at = page ? page->base + one(page->size_lg2) : at.aligned(page_lg2_) + one(page_lg2_);
  }
}

void Backing::give_back(const HostPage& page, MappingPolicy& policy) {
  if (!page.zero_page) policy.release({page.frame.value, page.size_lg2, false}, frames_);
}

void Backing::split_page(Hva at) {
  const auto page = pages_.find(at);
  if (!page || page->base == at || page->hugetlb) return;
  pages_.erase(at);
  for (std::uint64_t offset = 0; offset < one(page->size_lg2); offset += one(page_lg2_)) {
    HostPage part = *page;
    part.base = page->base + offset;
    part.frame = page->zero_page ? zero_page_ : page->frame + offset;
    part.size_lg2 = page_lg2_;
    pages_.insert(part);
  }
}

bool Backing::discard(const HvaRange& range) {
  const auto first = pages_.find(range.first);
  if (first && first->hugetlb && first->base != range.first) return false;
  split_page(range.first);
  split_page(range.end());
  for_each_page(range, [&](const HostPage& page) {
    if (page.base + one(page.size_lg2) > range.end()) return;  // a pool's
    pages_.erase(page.base);
    give_back(page, *area_at(page.base)->policy);
  });
  return true;
}

bool Backing::collapse(Hva at, unsigned size_lg2) {
  const Hva base = at.aligned(size_lg2);
  const Area* area = area_of(base);
  const HvaRange block{base, one(size_lg2)};
  if (!area || area->hugetlb_lg2 || block.end() > area->range.end()) return false;
  if (pages_.vacant(base, size_lg2)) return false;
  if (const auto page = pages_.find(base); page && page->size_lg2 >= size_lg2) return false;
  const auto frame = frames_.allocate(size_lg2);
  if (!frame) return false;
  for_each_page(block, [&](const HostPage& page) {
    pages_.erase(page.base);
    give_back(page, *area->policy);
  });
  pages_.insert({base, Pa{*frame}, static_cast<std::uint8_t>(size_lg2),
                 area->rights == HostRights::read_write, false, false});
  return true;
}

void Backing::split_area(Hva at) {
  Area* area = area_at(at);
  if (!area || area->range.first == at) return;
  Area upper = *area;
  upper.range = {at, area->range.end() - at};
  area->range.bytes -= upper.range.bytes;
  areas_[at.value] = upper;
}

bool Backing::protect(const HvaRange& range, HostRights rights) {
  for (Hva at = range.first; at < range.end();) {
    const Area* area = area_of(at);
    if (!area) return false;
    at = area->range.end();
  }
  split_area(range.first);
  split_area(range.end());
  for (Hva at = range.first; at < range.end(); at = area_of(at)->range.end())
    area_at(at)->rights = rights;
  split_page(range.first);
  split_page(range.end());
  for_each_page(range, [&](HostPage page) {
    pages_.erase(page.base);
    page.writable = rights == HostRights::read_write && !page.zero_page;
    pages_.insert(page);
  });
  return true;
}

}  // namespace nestwalk
