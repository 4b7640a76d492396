#include "common/results/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nestwalk {
namespace {

// Exact below 256, else with every value in the middle of its bucket.
double sum_of_squares(const Histogram& histogram) {
  double sum = 0;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    const double middle =
        (static_cast<double>(bucket.lower) + static_cast<double>(bucket.upper)) / 2;
    sum += middle * middle * static_cast<double>(bucket.count);
  }
  return sum;
}

}  // namespace

std::optional<double> ratio(std::uint64_t numerator, std::uint64_t denominator) {
  if (!denominator) return std::nullopt;
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

std::optional<double> per_thousand(std::uint64_t count, std::uint64_t of) {
  if (!of) return std::nullopt;
  return 1000.0 * static_cast<double>(count) / static_cast<double>(of);
}

std::uint64_t accesses(const Results& results) { return results.access_latency.count(); }

Histogram translation_overall(const Results& results) {
  Histogram all;
  for (const Histogram& part : results.translation_latency) all.merge(part);
  return all;
}

std::uint64_t total_span_cycles(const Results& results) {
  return std::accumulate(results.span_cycles.begin(), results.span_cycles.end(), std::uint64_t{0});
}

std::optional<double> span_share(const Results& results, TimeSpan span) {
  return ratio(results.span_cycles[index_of(span)], total_span_cycles(results));
}

std::optional<double> span_cycles_per_access(const Results& results, TimeSpan span) {
  return ratio(results.span_cycles[index_of(span)], accesses(results));
}

std::uint64_t fault_cycles(const SpanCycles& spans) {
  return spans[index_of(TimeSpan::guest_fault)] + spans[index_of(TimeSpan::host_fault)];
}

std::uint64_t fault_cycles(const Results& results) { return fault_cycles(results.span_cycles); }

std::optional<double> fault_time_share(const Results& results) {
  return ratio(fault_cycles(results), vcpu_cycles(results));
}

std::uint64_t vcpu_cycles(const Results& results) {
  std::uint64_t cycles = 0;
  for (const VcpuTotals& vcpu : results.vcpus) cycles += vcpu.last_cycle;
  return cycles;
}

std::optional<double> nanoseconds(const Results& results, std::optional<double> cycles) {
  if (!cycles || !results.meta.frequency_mhz) return std::nullopt;
  return *cycles * 1000 / static_cast<double>(results.meta.frequency_mhz);
}

std::optional<double> translation_share(const Results& results) {
  const std::uint64_t data = results.span_cycles[index_of(TimeSpan::data)];
  if (!data) return std::nullopt;
  const std::uint64_t translation =
      results.hardware_translation.sum() - results.fetch_translation_cycles;
  return ratio(translation, translation + data);
}

std::optional<double> steady_cycles_per_access(const Results& results) {
  const std::uint64_t all = vcpu_cycles(results), faults = fault_cycles(results);
  return all < faults ? std::nullopt : ratio(all - faults, accesses(results));
}

std::optional<double> unequal_end_share(const Results& results) {
  std::uint64_t first = results.simulated_cycles;
  for (const VcpuTotals& vcpu : results.vcpus) first = std::min(first, vcpu.last_cycle);
  return ratio(results.simulated_cycles - first, results.simulated_cycles);
}

std::optional<double> relative_error(const Histogram& histogram) {
  const auto n = static_cast<double>(histogram.count());
  const auto sum = static_cast<double>(histogram.sum());
  if (n < 2 || sum <= 0) return std::nullopt;
  const double variance = std::max(0.0, (sum_of_squares(histogram) - sum * sum / n) / (n - 1));
  return std::sqrt(variance * n) / sum;
}

double fault_cycles_deviation(const Results& results) {
  double variance = 0;
  const auto add = [&](const Histogram& histogram) {
    const auto n = static_cast<double>(histogram.count());
    if (n < 2) return;
    const double certain = std::min(1.0, (n - 1) / (2 * std::sqrt(n)));
    variance += sum_of_squares(histogram) * certain * certain;
  };
  for (const Faults& side : results.faults) {
    add(side.latency);
    add(side.spurious);
  }
  return std::sqrt(variance);
}

TlbCounts tlb_total(const TlbByPage& tlb) {
  TlbCounts total;
  for (const auto& [page_lg2, counts] : tlb) {
    total.hits += counts.hits;
    total.misses += counts.misses;
    total.merged += counts.merged;
  }
  return total;
}

std::uint64_t walk_count(const Results& results) {
  return results.walks.completed.latency.count() + results.walks.faulted.latency.count();
}

std::uint64_t walk_cycles(const Results& results) {
  return results.walks.completed.latency.sum() + results.walks.faulted.latency.sum();
}

std::uint64_t entry_reads(const Results& results) {
  return results.walks.completed.entry_reads.sum() + results.walks.faulted.entry_reads.sum();
}

std::uint64_t table_bytes(const Results& results) {
  std::uint64_t bytes = 0;
  for (const MemoryUse& side : results.memory) bytes += side.table_bytes;
  return bytes;
}

std::uint64_t reference_count(const ReferenceRow& row) {
  return std::accumulate(row.count.begin(), row.count.end(), std::uint64_t{0});
}

std::uint64_t references_read(const ReferenceRow& row) {
  return std::accumulate(row.count.begin(), row.count.begin() + really_read_count,
                         std::uint64_t{0});
}

std::optional<double> mean_read_cycles(const ReferenceRow& row) {
  return ratio(row.read_cycles, references_read(row));
}

std::optional<double> dram_gb_per_s(const Results& results) {
  const auto ns = nanoseconds(results, static_cast<double>(results.simulated_cycles));
  if (!ns || *ns == 0) return std::nullopt;
  return static_cast<double>(results.memory_system.dram.bytes) / *ns;
}

std::optional<double> dram_peak_share(const Results& results) {
  const DramUse& dram = results.memory_system.dram;
  const auto per_cycle = ratio(dram.bytes, results.simulated_cycles);
  if (!per_cycle || dram.peak_bytes_per_cycle <= 0) return std::nullopt;
  return *per_cycle / dram.peak_bytes_per_cycle;
}

std::optional<double> accesses_per_second(const Results& results) {
  if (!results.host || results.host->simulation_seconds <= 0) return std::nullopt;
  return static_cast<double>(accesses(results)) / results.host->simulation_seconds;
}

std::vector<Distribution> distributions(const Results& results) {
  std::vector<Distribution> all;
  all.push_back(
      {"hardware_translation", "translation, without faults", results.hardware_translation});
  all.push_back({"steady_access", "  and with data", results.steady_access});
  all.push_back({"translation", "translation, all", translation_overall(results)});
  for (std::size_t i = 0; i < how_served.size(); ++i)
    all.push_back({"translation_" + std::string(how_served[i].key),
                   "  " + std::string(how_served[i].label), results.translation_latency[i]});
  all.push_back({"access", "access, data included", results.access_latency});
  all.push_back({"walk_completed", "walk, completed", results.walks.completed.latency});
  all.push_back({"walk_faulted", "walk, faulted", results.walks.faulted.latency});
  for (std::size_t i = 0; i < memory_sides.size(); ++i) {
    const std::string key(memory_sides[i].key), label(memory_sides[i].label);
    all.push_back({key + "_fault", label + " fault", results.faults[i].latency});
    all.push_back(
        {key + "_spurious_fault", label + " fault, spurious", results.faults[i].spurious});
  }
  all.push_back({"shootdown", "TLB shootdown", results.shootdowns.latency});
  return all;
}

std::string full_name(const Meta& meta) {
  return meta.variant.empty() ? meta.name : meta.name + " / " + meta.variant;
}

}  // namespace nestwalk
