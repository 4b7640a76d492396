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
// Guest and host fault software together; a host fault within a guest's counts once.
std::uint64_t fault_cycles(const SpanCycles& spans);
std::uint64_t fault_cycles(const Results& results);
std::optional<double> fault_time_share(const Results& results);  // of the vCPUs' time

// The measured time of all vCPUs, each until its own end.
std::uint64_t vcpu_cycles(const Results& results);

// Nothing when the frequency is not known.
std::optional<double> nanoseconds(const Results& results, std::optional<double> cycles);

// How much of the time of data accesses, fault software apart, was translation. Fetches, which read
// no data here, take no part. Nothing when no data was accessed: there is nothing to have a share
// of.
std::optional<double> translation_share(const Results& results);
// Time of the vCPUs per access, without fault software: unlike latencies, which overlap, this is
// what one more access costs. Nothing without accesses.
std::optional<double> steady_cycles_per_access(const Results& results);
// Of the measured region, how much was left when the first vCPU had finished.
std::optional<double> unequal_end_share(const Results& results);

// Standard error of the mean, relative to it, as if the values were independent.
std::optional<double> relative_error(const Histogram& histogram);
// Standard deviation of fault_cycles if faults came at random (compound Poisson), but no more than
// so that two deviations leave one fault of each kind: that one there was is no chance.
double fault_cycles_deviation(const Results& results);

TlbCounts tlb_total(const TlbByPage& tlb);

std::uint64_t walk_count(const Results& results);   // completed and faulted
std::uint64_t walk_cycles(const Results& results);  // of both, queueing excluded
std::uint64_t entry_reads(const Results& results);  // of both
std::uint64_t table_bytes(const Results& results);  // both sides

std::uint64_t reference_count(const ReferenceRow& row);
std::uint64_t references_read(const ReferenceRow& row);
// Mean cycles of the references at this position that were really read.
std::optional<double> mean_read_cycles(const ReferenceRow& row);

// Bandwidth of DRAM over the measured region, and its share of the channels' peak.
std::optional<double> dram_gb_per_s(const Results& results);  // 1 GB: 10^9 bytes
std::optional<double> dram_peak_share(const Results& results);

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
