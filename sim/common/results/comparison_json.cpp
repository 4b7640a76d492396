// Writes comparison.json.
#include "common/results/comparison.h"
#include "common/results/json_text.h"

namespace nestwalk {
namespace {

Json json_of(const ComparedVariant& variant, const ComparedVariant& baseline) {
  Json metrics = Json::object();
  for (const Scalar& scalar : variant.metrics)
    metrics[scalar.key] = {
        {"value", json_cell(scalar.value)},
        {"relative", json_number(relative(scalar, metric(baseline, scalar.key)))}};
  Json spans = Json::object();
  for (std::size_t i = 0; i < time_spans.size(); ++i)
    spans[std::string(time_spans[i].key)] = json_number(variant.span_cycles_per_access[i]);
  return {{"variant", variant.name}, {"metrics", metrics}, {"time_split_cycles_per_access", spans}};
}

}  // namespace

std::string to_json(const Comparison& comparison) {
  Json variants = Json::array();
  for (const ComparedVariant& variant : comparison.variants)
    variants.push_back(json_of(variant, comparison.variants.front()));
  const Json json{
      {"schema", 1},
      {"kind", "nestwalk-comparison"},
      {"workload",
       {{"name", comparison.workload_name}, {"identity", comparison.workload_identity}}},
      {"baseline", comparison.variants.front().name},
      {"warnings", comparison.warnings},
      {"variants", variants},
      {"verdict", verdict(comparison)}};
  return json_text(json);
}

}  // namespace nestwalk
