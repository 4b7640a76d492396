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

// The part of a translation that hardware takes: what is left without fault software, the wait to
// fault in order and the stalls by TLB shootdowns, all of which are the doing of software.
inline Cycles hardware_cycles(const AccessDone& event) {
  const auto of = [&](Span span) { return event.spans[index_of(span)]; };
  return event.translation_cycles - of(Span::guest_fault) - of(Span::host_fault) -
         of(Span::in_order) - of(Span::invalidation);
}

class AccessCollector final : public Observer {
 public:
  using Observer::on;
  void on(const AccessDone& event) override {
    const std::uint64_t count = event.count;
    const bool fetch = event.type == AccessType::fetch;
    served_[fetch][event.page_lg2 % 64][index_of(event.served)] += count;
    if (event.vcpu >= vcpus_.size()) [[unlikely]]
      vcpus_.resize(event.vcpu + 1U);
    VcpuTotals& vcpu = vcpus_[event.vcpu];
    vcpu.accesses += count;
    vcpu.last_cycle = std::max(vcpu.last_cycle, event.issued_cycle + event.total_cycles);
    // The spans sum to the latency, so when the lookups are all of the translation the others are
    // 0.
    if (event.spans[index_of(Span::tlb)] == event.translation_cycles) [[likely]] {
      vcpu.span_cycles[index_of(Span::tlb)] += event.translation_cycles * count;
      vcpu.span_cycles[index_of(Span::data)] +=
          (event.total_cycles - event.translation_cycles) * count;
    } else {
      for (std::size_t i = 0; i < span_count; ++i) vcpu.span_cycles[i] += event.spans[i] * count;
      if (hardware_cycles(event) != event.translation_cycles) return add_disturbed(event);
    }
    hardware_cycles_[fetch] += event.translation_cycles * count;
    latency_[index_of(event.served)].add(event.translation_cycles, count);
    access_latency_.add(event.total_cycles, count);
  }

  bool merges_equal_accesses() const override { return true; }

  // Fills latencies, span cycles, TLBs, vCPUs and the simulated cycles (when the last access
  // ended). Cycles count from the machine's start.
  void fill(Results& results) const;

 private:
  using ByServed = std::array<std::uint64_t, served_count>;
  void add_disturbed(const AccessDone& event);

  // Of accesses whose translation was hardware's alone; most are, and are added once.
  std::array<Histogram, served_count> latency_;
  Histogram access_latency_;
  // Of those that software held up, with that time and without.
  std::array<Histogram, served_count> disturbed_latency_;
  Histogram disturbed_access_latency_, disturbed_hardware_, disturbed_steady_;
  std::array<Cycles, 2> hardware_cycles_{};           // [is a fetch], of all accesses
  std::array<std::array<ByServed, 64>, 2> served_{};  // [is a fetch][lg2 of the page][served]
  std::vector<VcpuTotals> vcpus_;
};

}  // namespace nestwalk
