// Latency, served-by, TLB counts and time split: from AccessDone alone. Called for every access, so
// an access that spent its translation in TLB lookups alone costs a few additions. All sums and
// maxima, so the order of events does not matter.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "common/probe/collectors/categories_agree.h"
#include "common/probe/events.h"
#include "common/results/results.h"

namespace nestwalk {

class AccessCollector final : public Observer {
 public:
  using Observer::on;
  void on(const AccessDone& event) override {
    const std::uint64_t count = event.count;
    latency_[index_of(event.served)].add(event.translation_cycles, count);
    access_latency_.add(event.total_cycles, count);
    served_[event.type == AccessType::fetch][event.page_lg2 % 64][index_of(event.served)] += count;
    if (event.vcpu >= vcpus_.size()) [[unlikely]]
      vcpus_.resize(event.vcpu + 1U);
    VcpuTotals& vcpu = vcpus_[event.vcpu];
    vcpu.accesses += count;
    vcpu.last_cycle = std::max(vcpu.last_cycle, event.issued_cycle + event.total_cycles);
    // The spans sum to the latency, so when the lookups are all of the translation the others are
    // 0.
    if (event.spans[index_of(Span::tlb)] == event.translation_cycles) [[likely]] {
      spans_[index_of(Span::tlb)] += event.translation_cycles * count;
      spans_[index_of(Span::data)] += (event.total_cycles - event.translation_cycles) * count;
    } else {
      for (std::size_t i = 0; i < span_count; ++i) spans_[i] += event.spans[i] * count;
    }
  }

  bool merges_equal_accesses() const override { return true; }

  // Fills latencies, span cycles, TLBs, vCPUs and the simulated cycles (when the last access
  // ended).
  void fill(Results& results) const;

 private:
  using ByServed = std::array<std::uint64_t, served_count>;

  std::array<Histogram, served_count> latency_;
  Histogram access_latency_;
  std::array<std::array<ByServed, 64>, 2> served_{};  // [is a fetch][lg2 of the page][served]
  Spans spans_{};
  std::vector<VcpuTotals> vcpus_;
};

}  // namespace nestwalk
