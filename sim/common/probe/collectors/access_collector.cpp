#include "common/probe/collectors/access_collector.h"

namespace nestwalk {
namespace {

// An access that was merged and then faulted counts as a miss: the fault cost it a walk of its own.
TlbCounts first_level(const std::array<std::uint64_t, served_count>& served) {
  return {served[index_of(Served::l1_tlb)],
          served[index_of(Served::l2_tlb)] + served[index_of(Served::walk)] +
              served[index_of(Served::fault)],
          served[index_of(Served::merged)]};
}

TlbCounts second_level(const std::array<std::uint64_t, served_count>& served) {
  return {served[index_of(Served::l2_tlb)],
          served[index_of(Served::walk)] + served[index_of(Served::fault)],
          served[index_of(Served::merged)]};
}

void add(TlbByPage& tlb, std::size_t page_lg2, const TlbCounts& counts) {
  if (!counts.lookups()) return;
  TlbCounts& sum = tlb[static_cast<std::uint8_t>(page_lg2)];
  sum.hits += counts.hits;
  sum.misses += counts.misses;
  sum.merged += counts.merged;
}

}  // namespace

void AccessCollector::add_disturbed(const AccessDone& event) {
  const Cycles hardware = hardware_cycles(event);
  const Cycles data = event.total_cycles - event.translation_cycles;
  hardware_cycles_[event.type == AccessType::fetch] += hardware * event.count;
  disturbed_latency_[index_of(event.served)].add(event.translation_cycles, event.count);
  disturbed_access_latency_.add(event.total_cycles, event.count);
  disturbed_hardware_.add(hardware, event.count);
  disturbed_steady_.add(hardware + data, event.count);
}

void AccessCollector::fill(Results& results) const {
  results.translation_latency = latency_;
  results.hardware_translation = disturbed_hardware_;
  for (std::size_t i = 0; i < served_count; ++i) {
    results.hardware_translation.merge(latency_[i]);
    results.translation_latency[i].merge(disturbed_latency_[i]);
  }
  results.fetch_translation_cycles = hardware_cycles_[1];
  results.access_latency = results.steady_access = access_latency_;
  results.access_latency.merge(disturbed_access_latency_);
  results.steady_access.merge(disturbed_steady_);
  results.vcpus = vcpus_;
  results.span_cycles = {};
  results.simulated_cycles = 0;
  for (const VcpuTotals& vcpu : vcpus_) {
    results.simulated_cycles = std::max(results.simulated_cycles, vcpu.last_cycle);
    for (std::size_t i = 0; i < span_count; ++i) results.span_cycles[i] += vcpu.span_cycles[i];
  }
  results.tlbs = {};
  for (const TlbName l1 : {TlbName::l1d, TlbName::l1i})
    for (std::size_t page_lg2 = 0; page_lg2 < 64; ++page_lg2) {
      const ByServed& served = served_[l1 == TlbName::l1i][page_lg2];
      add(results.tlbs[index_of(l1)], page_lg2, first_level(served));
      add(results.tlbs[index_of(TlbName::l2)], page_lg2, second_level(served));
    }
}

}  // namespace nestwalk
