#include "common/probe/collectors/walk_collector.h"

#include "common/results/metrics.h"

namespace nestwalk {

void WalkCollector::add_row(Results& results, int stage1_height, int stage2_height) const {
  const RefPosition position{static_cast<std::int8_t>(stage1_height),
                             static_cast<std::int8_t>(stage2_height)};
  const At& at = references_[slot(position)];
  const ReferenceRow row{position.stage1_height, position.stage2_height, at.count, at.cycles};
  if (reference_count(row)) results.references.push_back(row);
}

void WalkCollector::fill(Results& results) const {
  results.walks = {completed_, faulted_, discarded_, {}};
  for (std::size_t page_lg2 = 0; page_lg2 < pages_.size(); ++page_lg2)
    if (pages_[page_lg2])
      results.walks.completed_by_page[static_cast<std::uint8_t>(page_lg2)] = pages_[page_lg2];
  results.references.clear();
  // For each entry of stage 1 from the root: the stage-2 entries on the way to it, then itself.
  // Last, the stage-2 entries on the way to the final address.
  constexpr int highest = heights - 2, none = RefPosition::none;
  for (int stage1 = highest; stage1 >= none; --stage1) {
    for (int stage2 = highest; stage2 >= 0; --stage2) add_row(results, stage1, stage2);
    if (stage1 != none) add_row(results, stage1, none);
  }
}

}  // namespace nestwalk
