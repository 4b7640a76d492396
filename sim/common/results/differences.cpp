#include "common/results/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace nestwalk {
namespace {

// Settings, then prices, as one list of labels.
std::vector<Label> labels_of(const Meta& meta) {
  std::vector<Label> labels = meta.settings;
  for (const CostSource& cost : meta.costs)
    labels.push_back({"price of " + cost.key, fmt::format("{}", cost.cycles)});
  std::erase_if(labels, [](const Label& label) { return label.name == "name"; });
  return labels;
}

std::string value_of(const std::vector<Label>& labels, const std::string& key) {
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const Label& label) { return label.name == key; });
  return found == labels.end() ? "" : found->value;
}

}  // namespace

std::vector<Difference> differences(const std::vector<Results>& results) {
  std::vector<std::vector<Label>> all;
  for (const Results& each : results) all.push_back(labels_of(each.meta));
  std::vector<Difference> found;
  std::set<std::string> seen;
  for (const std::vector<Label>& labels : all)
    for (const Label& label : labels) {
      if (!seen.insert(label.name).second) continue;
      Difference difference{label.name, {}};
      for (const std::vector<Label>& other : all)
        difference.values.push_back(value_of(other, label.name));
      if (std::adjacent_find(difference.values.begin(), difference.values.end(),
                             std::not_equal_to<>()) != difference.values.end())
        found.push_back(std::move(difference));
    }
  const auto segments = [](const Difference& each) {
    return std::count(each.key.begin(), each.key.end(), '.') + each.key.starts_with("price ") * 100;
  };
  std::stable_sort(found.begin(), found.end(), [&](const Difference& a, const Difference& b) {
    return segments(a) < segments(b);
  });
  return found;
}

}  // namespace nestwalk
