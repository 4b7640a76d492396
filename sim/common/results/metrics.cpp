#include "common/results/metrics.h"

#include <numeric>

namespace nestwalk {

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

std::optional<double> fault_share(const Results& results) {
  return ratio(results.span_cycles[index_of(TimeSpan::guest_fault)] +
                   results.span_cycles[index_of(TimeSpan::host_fault)],
               total_span_cycles(results));
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

std::optional<double> accesses_per_second(const Results& results) {
  if (!results.host || results.host->simulation_seconds <= 0) return std::nullopt;
  return static_cast<double>(accesses(results)) / results.host->simulation_seconds;
}

std::vector<Distribution> distributions(const Results& results) {
  std::vector<Distribution> all;
  all.push_back({"translation", "translation, all", translation_overall(results)});
  for (std::size_t i = 0; i < how_served.size(); ++i)
    all.push_back({"translation_" + std::string(how_served[i].key),
                   "  " + std::string(how_served[i].label), results.translation_latency[i]});
  all.push_back({"access", "access, data included", results.access_latency});
  all.push_back({"walk_completed", "walk, completed", results.walks.completed.latency});
  all.push_back({"walk_faulted", "walk, faulted", results.walks.faulted.latency});
  for (std::size_t i = 0; i < memory_sides.size(); ++i)
    all.push_back({std::string(memory_sides[i].key) + "_fault",
                   std::string(memory_sides[i].label) + " fault", results.faults[i].latency});
  all.push_back({"shootdown", "TLB shootdown", results.shootdowns.latency});
  return all;
}

std::string full_name(const Meta& meta) {
  return meta.variant.empty() ? meta.name : meta.name + " / " + meta.variant;
}

}  // namespace nestwalk
