#include "common/results/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/check.h"
#include "common/base/user_error.h"
#include "common/results/differences.h"
#include "common/results/metrics.h"
#include "common/results/prices.h"

namespace nestwalk {
namespace {

std::string workload_of(const Results& results) {
  return fmt::format("\"{}\" ran {} (identity {})", full_name(results.meta),
                     results.meta.workload_name, results.meta.workload_identity);
}

void refuse_other_workloads(const std::vector<Results>& results) {
  std::vector<UserError> errors;
  for (const Results& other : results)
    if (other.meta.workload_identity != results.front().meta.workload_identity)
      errors.push_back({"", 0, "",
                        fmt::format("results of different workloads cannot be compared: {}, {}",
                                    workload_of(results.front()), workload_of(other))});
  if (!errors.empty()) throw UserErrors(std::move(errors));
}

// The variants' names; where they are not unique, with the configuration's name; else with a
// number.
std::vector<std::string> unique_names(const std::vector<Results>& results) {
  std::vector<std::string> names;
  for (const Results& each : results)
    names.push_back(each.meta.variant.empty() ? each.meta.name : each.meta.variant);
  const auto unique = [&] { return std::set(names.begin(), names.end()).size() == names.size(); };
  if (!unique())
    std::transform(results.begin(), results.end(), names.begin(),
                   [](const Results& each) { return full_name(each.meta); });
  if (!unique())
    for (std::size_t i = 0; i < names.size(); ++i) names[i] += fmt::format(" #{}", i + 1);
  return names;
}

void warn_of_differences(Comparison& comparison, const std::vector<Results>& results) {
  const Results& base = results.front();
  const std::string& base_name = comparison.variants.front().name;
  for (std::size_t i = 1; i < results.size(); ++i) {
    const auto warn = [&](const char* what, const auto& one, const auto& other) {
      if (one != other)
        comparison.warnings.push_back(fmt::format("{} differs: {} for {}, {} for {}", what, one,
                                                  base_name, other, comparison.variants[i].name));
    };
    warn("the number of accesses", accesses(base), accesses(results[i]));
    warn("the seed", base.meta.seed, results[i].meta.seed);
    warn("the version of nestwalk", base.meta.nestwalk_version, results[i].meta.nestwalk_version);
    warn("the frequency in MHz, and so what a cycle is,", base.meta.frequency_mhz,
         results[i].meta.frequency_mhz);
  }
}

ComparedVariant compared(const Results& results, const std::string& name) {
  ComparedVariant variant;
  variant.name = name;
  variant.metrics = summary(results);
  for (std::size_t span = 0; span < time_spans.size(); ++span)
    variant.span_cycles_per_access[span] =
        span_cycles_per_access(results, static_cast<TimeSpan>(span));
  // How much latencies scatter says how far the time per access may be trusted.
  const auto steady = nanoseconds(results, steady_cycles_per_access(results));
  if (steady)
    variant.steady_ns =
        Estimate{*steady, *steady * relative_error(results.steady_access).value_or(0)};
  const auto us = [&](double cycles) { return nanoseconds(results, cycles).value_or(0) / 1000; };
  if (steady)
    variant.fault_us = Estimate{us(static_cast<double>(fault_cycles(results))),
                                us(fault_cycles_deviation(results))};
  variant.prices = marks_of_prices(results.meta);
  variant.warmed_up = results.warmup_cycles > 0;
  variant.populated =
      std::any_of(memory_sides.begin(), memory_sides.end(),
                  [&](const Category& side) { return is_populated(results.meta, side.key); });
  return variant;
}

void give_ranks(std::vector<ComparedVariant>& variants) {
  std::vector<std::pair<double, ComparedVariant*>> order;
  for (ComparedVariant& variant : variants)
    if (const auto us = number_of(metric(variant, "simulated_us").value))
      order.emplace_back(*us, &variant);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  double first_of_rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool shared = i > 0 && order[i].first < first_of_rank * (1 + least_share_named);
    order[i].second->rank = shared ? order[i - 1].second->rank : static_cast<unsigned>(i + 1);
    if (!shared) first_of_rank = order[i].first;
  }
}

// Only where all first touches were measured: those of a warm-up, or of memory populated before the
// clock started, would be missing from what a variant pays.
std::optional<BreakEven> break_even(const ComparedVariant& variant,
                                    const ComparedVariant& baseline) {
  if (variant.populated || baseline.populated || variant.warmed_up || baseline.warmed_up)
    return std::nullopt;
  if (!variant.steady_ns || !baseline.steady_ns) return std::nullopt;
  if (!differ(*variant.steady_ns, *baseline.steady_ns) ||
      !differ(*variant.fault_us, *baseline.fault_us))
    return std::nullopt;
  const double fault_us = variant.fault_us->value - baseline.fault_us->value;
  const double ns = variant.steady_ns->value - baseline.steady_ns->value;
  if ((fault_us > 0) == (ns > 0)) return std::nullopt;
  return BreakEven{-fault_us * 1000 / ns, fault_us, ns};
}

}  // namespace

Comparison compare(const std::vector<Results>& results) {
  if (results.empty()) throw UserErrors(UserError{"", 0, "", "there are no results to compare"});
  refuse_other_workloads(results);
  const Meta& first = results.front().meta;
  Comparison comparison{first.workload_name, first.workload_identity, {}, {}, {}};
  const auto names = unique_names(results);
  for (std::size_t i = 0; i < results.size(); ++i)
    comparison.variants.push_back(compared(results[i], names[i]));
  give_ranks(comparison.variants);
  for (ComparedVariant& variant : comparison.variants)
    variant.break_even = break_even(variant, comparison.variants.front());
  comparison.differences = differences(results);
  warn_of_differences(comparison, results);
  return comparison;
}

const Scalar& metric(const ComparedVariant& variant, std::string_view key) {
  const auto found = std::find_if(variant.metrics.begin(), variant.metrics.end(),
                                  [&](const Scalar& each) { return each.key == key; });
  NW_CHECK(found != variant.metrics.end(), "no metric {}", key);
  return *found;
}

std::optional<double> relative(const Scalar& value, const Scalar& baseline) {
  const auto number = number_of(value.value), base = number_of(baseline.value);
  if (!number || !base || *base == 0) return std::nullopt;
  return *number / *base;
}

namespace {

// Differences of counts are amounts; unsigned arithmetic wraps to the right one.
struct Minus {
  const Cell& baseline;
  Cell operator()(std::uint64_t count) const {
    return static_cast<std::int64_t>(count - baseline.whole());
  }
  Cell operator()(std::int64_t amount) const {
    return operator()(static_cast<std::uint64_t>(amount));
  }
  Cell operator()(double number) const { return number - number_of(baseline).value_or(0); }
  Cell operator()(const auto&) const { return {}; }
};

}  // namespace

Cell difference(const Scalar& value, const Scalar& baseline) {
  if (!value.value.known() || !baseline.value.known()) return {};
  return value.value.visit(Minus{baseline.value});
}

Table comparison_table(const Comparison& comparison) {
  Table table{.id = "comparison",
              .title = "",
              .columns = {{"variant", ""},
                          {"metric", ""},
                          {"unit", ""},
                          {"value", "", Kind::number},
                          {"baseline", "", Kind::number},
                          {"relative", "", Kind::number},
                          {"difference", "", Kind::number}},
              .shown = Shown::csv};
  for (const ComparedVariant& variant : comparison.variants)
    for (const Scalar& scalar : variant.metrics) {
      const Scalar& base = metric(comparison.variants.front(), scalar.key);
      table.rows.push_back({{variant.name, scalar.key, scalar.unit, scalar.value, base.value,
                             cell_of(relative(scalar, base)), difference(scalar, base)}});
    }
  return table;
}

Table comparison_time_split_table(const Comparison& comparison) {
  Table table{.id = "time_split",
              .title = "",
              .columns = {{"variant", ""}, {"span", ""}, {"cycles_per_access", "", Kind::number}},
              .shown = Shown::csv};
  for (const ComparedVariant& variant : comparison.variants)
    for (std::size_t span = 0; span < time_spans.size(); ++span)
      table.rows.push_back({{variant.name, std::string(time_spans[span].key),
                             cell_of(variant.span_cycles_per_access[span])}});
  return table;
}

}  // namespace nestwalk
