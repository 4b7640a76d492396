// Writes comparison.json.
#include "common/results/comparison.h"
#include "common/results/json_text.h"
#include "common/results/verdict.h"

namespace nestwalk {
namespace {

Json json_of(const std::optional<Estimate>& estimate) {
  if (!estimate) return nullptr;
  return {{"value", estimate->value}, {"standard_error", estimate->error}};
}

Json json_of(const ComparedVariant& variant, const ComparedVariant& baseline) {
  Json metrics = Json::object();
  for (const Scalar& scalar : variant.metrics)
    metrics[scalar.key] = {
        {"value", json_cell(scalar.value)},
        {"relative", json_number(relative(scalar, metric(baseline, scalar.key)))}};
  Json spans = Json::object();
  for (std::size_t i = 0; i < time_spans.size(); ++i)
    spans[std::string(time_spans[i].key)] = json_number(variant.span_cycles_per_access[i]);
  Json even = nullptr;
  if (variant.break_even)
    even = {{"accesses", variant.break_even->accesses},
            {"more_fault_us", variant.break_even->more_fault_us},
            {"more_ns_per_access", variant.break_even->more_ns_per_access}};
  return {{"variant", variant.name},
          {"rank", variant.rank},
          {"metrics", metrics},
          {"steady_ns_per_access", json_of(variant.steady_ns)},
          {"fault_us", json_of(variant.fault_us)},
          {"break_even", even},
          {"prices", variant.prices},
          {"time_split_cycles_per_access", spans}};
}

Json json_of(const Comparison& comparison, const Difference& difference) {
  Json values = Json::object();
  for (std::size_t i = 0; i < difference.values.size(); ++i)
    values[comparison.variants[i].name] = difference.values[i];
  return {{"key", difference.key}, {"values", values}};
}

}  // namespace

std::string to_json(const Comparison& comparison) {
  Json variants = Json::array();
  for (const ComparedVariant& variant : comparison.variants)
    variants.push_back(json_of(variant, comparison.variants.front()));
  Json differing = Json::array();
  for (const Difference& difference : comparison.differences)
    differing.push_back(json_of(comparison, difference));
  const Json json{
      {"schema", 2},
      {"kind", "nestwalk-comparison"},
      {"workload",
       {{"name", comparison.workload_name}, {"identity", comparison.workload_identity}}},
      {"baseline", comparison.variants.front().name},
      {"warnings", comparison.warnings},
      {"variants", variants},
      {"differences", differing},
      {"verdicts",
       {{"steady_state", steady_verdict(comparison)},
        {"first_touch", first_touch_verdict(comparison)},
        {"break_even", break_even_sentences(comparison)}}}};
  return json_text(json);
}

}  // namespace nestwalk
