#include "common/probe/collectors/check_sums.h"

#include "common/base/check.h"
#include "common/results/metrics.h"

namespace nestwalk {
namespace {

std::uint64_t of(const SpanCycles& spans, TimeSpan span) { return spans[index_of(span)]; }

void check_vcpus(const Results& results) {
  std::uint64_t told = 0;
  SpanCycles sums{};
  for (std::size_t i = 0; i < results.vcpus.size(); ++i) {
    const VcpuTotals& vcpu = results.vcpus[i];
    told += vcpu.accesses;
    for (std::size_t span = 0; span < sums.size(); ++span) sums[span] += vcpu.span_cycles[span];
    NW_CHECK(vcpu.last_cycle <= results.simulated_cycles,
             "vCPU {} ended at cycle {} of {} that were measured", i, vcpu.last_cycle,
             results.simulated_cycles);
  }
  NW_CHECK(told == accesses(results), "the vCPUs' accesses sum to {} of {}", told,
           accesses(results));
  NW_CHECK(sums == results.span_cycles, "the vCPUs' spans do not sum to the machine's");
}

void check_latencies(const Results& results) {
  const SpanCycles& spans = results.span_cycles;
  const Histogram translation = translation_overall(results);
  const std::uint64_t all = total_span_cycles(results), data = of(spans, TimeSpan::data);
  const std::uint64_t software =
      fault_cycles(spans) + of(spans, TimeSpan::in_order) + of(spans, TimeSpan::invalidation);
  NW_CHECK(results.access_latency.sum() == all, "latencies sum to {}, their spans to {}",
           results.access_latency.sum(), all);
  NW_CHECK(translation.sum() == all - data, "translations sum to {}, their spans to {}",
           translation.sum(), all - data);
  NW_CHECK(results.hardware_translation.sum() == all - data - software,
           "translations without faults sum to {}, their spans to {}",
           results.hardware_translation.sum(), all - data - software);
  NW_CHECK(results.steady_access.sum() == all - software,
           "accesses without faults sum to {}, their spans to {}", results.steady_access.sum(),
           all - software);
  for (const Histogram* each :
       {&translation, &results.hardware_translation, &results.steady_access})
    NW_CHECK(each->count() == accesses(results), "a distribution holds {} of {} accesses",
             each->count(), accesses(results));
}

// The handlers that an access entered itself, not from within another's, are time of its spans:
// their own cycles, and those that messages of other vCPUs stole from them.
void check_faults(const Results& results) {
  const Faults& guest = results.faults[index_of(MemorySide::guest)];
  const Faults& host = results.faults[index_of(MemorySide::host)];
  const std::uint64_t nested = guest.host_cycles + guest.spurious_host_cycles;
  const std::uint64_t handled = guest.latency.sum() + guest.spurious.sum() + host.latency.sum() +
                                host.spurious.sum() - nested;
  const std::uint64_t charged =
      fault_cycles(results) + results.span_cycles[index_of(TimeSpan::invalidation)];
  NW_CHECK(handled <= charged,
           "fault handlers took {} cycles, of which accesses were charged only {}", handled,
           charged);
}

}  // namespace

void check_sums(const Results& results) {
  check_vcpus(results);
  check_latencies(results);
  check_faults(results);
}

void check_handlers_do_not_overlap(const Results& results) {
  for (std::size_t i = 0; i < results.vcpus.size(); ++i) {
    const VcpuTotals& vcpu = results.vcpus[i];
    NW_CHECK(fault_cycles(vcpu.span_cycles) <= vcpu.last_cycle,
             "vCPU {} spent {} cycles in fault handlers, but had only {}: a handler was charged to "
             "more than one access",
             i, fault_cycles(vcpu.span_cycles), vcpu.last_cycle);
  }
}

}  // namespace nestwalk
