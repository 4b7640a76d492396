#include "common/workload/touched_areas.h"

#include <algorithm>
#include <array>
#include <variant>

#include "common/base/bits.h"
#include "common/workload/make_source.h"

namespace nestwalk {
namespace {

constexpr unsigned page_lg2 = 12;

struct Page {
  std::uint16_t space;
  std::uint64_t number;
  auto operator<=>(const Page&) const = default;
};

// The pages seen so far, each once as soon as they are taken; repetitions are thrown out whenever
// they might be half of what is kept.
class PageList {
 public:
  void add(Page page) {
    if (!pages_.empty() && pages_.back() == page) return;
    if (pages_.size() >= most_) {
      keep_each_once();
      most_ = std::max(most_, 2 * pages_.size());
    }
    pages_.push_back(page);
  }
  std::vector<Page> take() {
    keep_each_once();
    return std::move(pages_);
  }

 private:
  void keep_each_once() {
    std::sort(pages_.begin(), pages_.end());
    pages_.erase(std::unique(pages_.begin(), pages_.end()), pages_.end());
  }
  std::vector<Page> pages_;
  std::size_t most_ = 1 << 20;
};

std::vector<TouchedArea> joined(const std::vector<Page>& pages) {
  std::vector<TouchedArea> areas;
  for (const Page& page : pages) {
    const Va first{page.number << page_lg2}, last{first.value + low_mask(page_lg2)};
    if (!areas.empty() && areas.back().space == page.space &&
        areas.back().last.value + 1 == first.value && first.value)
      areas.back().last = last;
    else
      areas.push_back({page.space, first, last});
  }
  return areas;
}

struct AreasOf {
  std::vector<TouchedArea> operator()(const GeneratorSpec& spec) const {
    const auto area = [&](std::uint64_t base, std::uint64_t bytes) {
      return TouchedArea{spec.space, Va{base}, Va{base + bytes - 1}};
    };
    std::vector<TouchedArea> areas{area(spec.base, spec.footprint_bytes)};
    if (spec.fetch_fraction > 0) areas.push_back(area(spec.code_base, spec.code_bytes));
    return areas;
  }
  std::vector<TouchedArea> operator()(const PhasesSpec& spec) const {
    std::vector<TouchedArea> areas;
    for (const GeneratorSpec& phase : spec.phases)
      for (const TouchedArea& area : (*this)(phase))
        if (std::find(areas.begin(), areas.end(), area) == areas.end()) areas.push_back(area);
    return areas;
  }
  std::vector<TouchedArea> operator()(TraceSpec spec) const {
    spec.loop = false;  // a second lap touches nothing new
    const auto source = make_source({spec}, 0, 0);
    PageList pages;
    std::array<MemoryAccess, 512> batch;
    while (const std::size_t count = source->next(batch))
      for (std::size_t i = 0; i < count; ++i)
        pages.add({batch[i].space, batch[i].va.value >> page_lg2});
    return joined(pages.take());
  }
};

}  // namespace

std::vector<TouchedArea> touched_areas(const WorkloadSpec& spec) {
  return std::visit(AreasOf{}, spec.input);
}

}  // namespace nestwalk
