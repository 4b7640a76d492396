#include "common/results/prices.h"

#include <fmt/format.h>

#include <algorithm>

namespace nestwalk {
namespace {

std::string marks_of_side(const Meta& meta, std::string_view side) {
  std::array<std::size_t, cost_kinds.size()> counts{};
  for (const CostSource& cost : meta.costs)
    if (cost.key.starts_with(fmt::format("{}.", side))) ++counts[index_of(cost.kind)];
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i], cost_kinds[i].label);
  return text;
}

}  // namespace

std::string marks_of_prices(const Meta& meta) {
  std::string text;
  for (const Category& side : memory_sides)
    if (const std::string marks = marks_of_side(meta, side.key); !marks.empty())
      text += fmt::format("{}{} {}", text.empty() ? "" : "; ", side.label, marks);
  return text;
}

bool is_populated(const Meta& meta, std::string_view side) {
  const Label populated{fmt::format("{}.populate", side), "true"};
  return std::find(meta.settings.begin(), meta.settings.end(), populated) != meta.settings.end();
}

}  // namespace nestwalk
