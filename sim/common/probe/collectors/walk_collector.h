// Walks and the references of walks: from WalkDone and Reference.
#pragma once
#include <array>

#include "common/base/check.h"
#include "common/probe/collectors/categories_agree.h"
#include "common/probe/events.h"
#include "common/results/results.h"

namespace nestwalk {

class WalkCollector final : public Observer {
 public:
  using Observer::on;
  void on(const WalkDone& event) override {
    WalkGroup& group = event.faulted ? faulted_ : completed_;
    group.entry_reads.add(event.entry_reads);
    group.latency.add(event.latency_cycles);
    discarded_ += event.discarded;
    if (!event.faulted) ++pages_[event.page_lg2 % 64];
  }
  void on(const Reference& event) override {
    At& at = references_[slot(event.position)];
    ++at.count[index_of(event.served)];
    at.cycles += event.latency_cycles;
  }

  // Fills walks and references (positions that were seen, in the order of a walk).
  void fill(Results& results) const;

 private:
  // Heights -1 (none) .. 6; no architecture has more than five levels of tables.
  static constexpr int heights = 8;
  struct At {
    std::array<std::uint64_t, ref_served_count> count{};
    Cycles cycles = 0;
  };

  static std::size_t slot(RefPosition position) {
    const int s1 = position.stage1_height + 1, s2 = position.stage2_height + 1;
    NW_CHECK(s1 >= 0 && s1 < heights && s2 >= 0 && s2 < heights, "position ({}, {})",
             position.stage1_height, position.stage2_height);
    return static_cast<std::size_t>(s1 * heights + s2);
  }
  void add_row(Results& results, int stage1_height, int stage2_height) const;

  WalkGroup completed_, faulted_;
  std::uint64_t discarded_ = 0;
  std::array<std::uint64_t, 64> pages_{};
  std::array<At, heights * heights> references_{};
};

}  // namespace nestwalk
