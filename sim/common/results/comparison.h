// Several variants of one workload beside each other, each relative to the first.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/results/results.h"
#include "common/results/summary.h"
#include "common/results/table.h"

namespace nestwalk {

struct ComparedVariant {
  std::string name;  // unique within the comparison
  std::vector<Scalar> metrics;
  std::array<std::optional<double>, time_spans.size()> span_cycles_per_access{};
};

struct Comparison {
  std::string workload_name;
  std::string workload_identity;
  std::vector<ComparedVariant> variants;  // the first is the baseline
  std::vector<std::string> warnings;      // differences that make the comparison less meaningful
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

// Which variant translates in the fewest cycles, why, and what it costs, in a sentence or two.
std::string verdict(const Comparison& comparison);

}  // namespace nestwalk
