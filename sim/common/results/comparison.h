// Several variants of one workload beside each other, each relative to the first.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/results/estimate.h"
#include "common/results/results.h"
#include "common/results/summary.h"
#include "common/results/table.h"

namespace nestwalk {

// One of two variants pays more fault software, the other more for every access: from so many
// accesses on, the first is ahead.
struct BreakEven {
  double accesses = 0;
  double more_fault_us = 0;       // than the baseline; negative: less
  double more_ns_per_access = 0;  // than the baseline; of the other sign
};

struct ComparedVariant {
  std::string name;  // unique within the comparison
  std::vector<Scalar> metrics;
  std::array<std::optional<double>, time_spans.size()> span_cycles_per_access{};
  // By measured time; one that takes less than 1 % more than the first of a rank shares it. 0: the
  // time is not known.
  unsigned rank = 0;
  std::optional<Estimate> steady_ns;    // vCPU time per access, without fault software
  std::optional<Estimate> fault_us;     // all fault software
  std::string prices;                   // the marks of its prices
  bool warmed_up = false;               // first touches of the warm-up were not measured
  bool populated = false;               // some memory was mapped before the clock started
  std::optional<BreakEven> break_even;  // against the baseline
};

// A key of the configuration, or a price, that is not the same for all.
struct Difference {
  std::string key;
  std::vector<std::string> values;  // one for each variant; empty: it has no such key
};

struct Comparison {
  std::string workload_name;
  std::string workload_identity;
  std::vector<ComparedVariant> variants;  // the first is the baseline
  std::vector<std::string> warnings;      // what makes the comparison less meaningful
  std::vector<Difference> differences;    // the shortest keys first
};

// Throws UserErrors when there are no results or when two ran different workloads.
Comparison compare(const std::vector<Results>& results);

const Scalar& metric(const ComparedVariant& variant, std::string_view key);
// value / baseline; nothing when either is unknown or the baseline is 0.
std::optional<double> relative(const Scalar& value, const Scalar& baseline);

// value - baseline, of the same kind of number; nothing when either is unknown.
Cell difference(const Scalar& value, const Scalar& baseline);

// One row per variant and metric: value, baseline, relative, difference. For CSV.
Table comparison_table(const Comparison& comparison);
Table comparison_time_split_table(const Comparison& comparison);

std::string to_json(const Comparison& comparison);
std::string to_text(const Comparison& comparison, const TextStyle& style = {});

}  // namespace nestwalk
