// Every number that is computed from a Results rather than kept in it. All writers and the
// comparison call these functions; none computes a number of its own.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/results/results.h"

namespace nestwalk {

// Nothing when the denominator is 0.
std::optional<double> ratio(std::uint64_t numerator, std::uint64_t denominator);
std::optional<double> per_thousand(std::uint64_t count, std::uint64_t of);

std::uint64_t accesses(const Results& results);
Histogram translation_overall(const Results& results);
// Cycles of all accesses together, data included. Accesses overlap, so it may exceed simulated
// time.
std::uint64_t total_span_cycles(const Results& results);
std::optional<double> span_share(const Results& results, TimeSpan span);
std::optional<double> span_cycles_per_access(const Results& results, TimeSpan span);
// The share of guest and host fault software in all cycles.
std::optional<double> fault_share(const Results& results);

TlbCounts tlb_total(const TlbByPage& tlb);

std::uint64_t walk_count(const Results& results);   // completed and faulted
std::uint64_t walk_cycles(const Results& results);  // of both, queueing excluded
std::uint64_t entry_reads(const Results& results);  // of both
std::uint64_t table_bytes(const Results& results);  // both sides

std::uint64_t reference_count(const ReferenceRow& row);
std::uint64_t references_read(const ReferenceRow& row);
// Mean cycles of the references at this position that were really read.
std::optional<double> mean_read_cycles(const ReferenceRow& row);

// Accesses simulated per second of the host; nothing when it was not measured.
std::optional<double> accesses_per_second(const Results& results);

// Every latency distribution of a run, with its stable name.
struct Distribution {
  std::string key;
  std::string label;
  Histogram cycles;
};
std::vector<Distribution> distributions(const Results& results);

// "configuration" or "configuration / variant".
std::string full_name(const Meta& meta);

}  // namespace nestwalk
