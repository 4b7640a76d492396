#include "common/config/costs.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/config/check.h"
#include "common/config/layout.h"
#include "common/config/parse.h"

namespace nestwalk::config {
namespace {

// The prices that the config itself sets.
void lay_over(Costs& costs, const Value& changed, CostSet set, Errors& errors) {
  const std::vector<std::string>& wanted = steps_of(set);
  for (const Value& price : changed.items()) {
    if (std::find(wanted.begin(), wanted.end(), price.key()) == wanted.end()) {
      errors.add(price.error(
          fmt::format("no step of this machine; allowed: {}", fmt::join(wanted, ", "))));
      continue;
    }
    const auto at = std::find_if(costs.steps.begin(), costs.steps.end(),
                                 [&](const Cost& cost) { return cost.step == price.key(); });
    if (at == costs.steps.end()) continue;  // reported as missing
    at->cycles = price.as_uint();
    at->kind = "config";
    at->source = price.path();
  }
}

}  // namespace

const Cost* Costs::find(std::string_view step) const {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const Cost& cost) { return cost.step == step; });
  return found == steps.end() ? nullptr : &*found;
}

const Cost& Costs::at(std::string_view step) const {
  const Cost* found = find(step);
  NW_CHECK(found, "the cost table {} has no step {}", name, step);
  return *found;
}

std::optional<Costs> load_cost_file(const std::filesystem::path& file, Errors& errors) {
  const std::size_t before = errors.size();
  try {
    const Parsed parsed = parse_file(file, file.string());
    errors.add_all(parsed.errors);
    const Value root = check(cost_layout(), parsed.root, errors);
    if (errors.size() != before) return std::nullopt;
    Costs costs{file.stem().string(), root.at("description").as_text(), 0, {}};
    if (const Value* clock = root.find("clock_mhz")) costs.clock_mhz = clock->as_uint();
    for (const Value& step : root.at("steps").items())
      costs.steps.push_back({std::string(step.key()), step.at("cycles").as_uint(),
                             step.at("per").as_text(), step.at("kind").as_text(),
                             step.at("source").as_text()});
    return costs;
  } catch (const UserErrors& unreadable) {
    errors.add_all(unreadable.all());
    return std::nullopt;
  }
}

std::optional<Costs> load_costs(const Value& named, const Value* changed, CostSet set,
                                const Library& library, Errors& errors) {
  const auto file =
      locate(library, Shelf::costs, named.as_text(), named.where(), named.path(), errors);
  if (!file) return std::nullopt;
  const std::optional<Costs> all = load_cost_file(*file, errors);
  if (!all) return std::nullopt;
  Costs costs{all->name, all->description, all->clock_mhz, {}};
  std::vector<std::string> missing;
  for (const std::string& step : steps_of(set)) {
    if (const Cost* found = all->find(step))
      costs.steps.push_back(*found);
    else
      missing.push_back(step);
  }
  if (!missing.empty())
    errors.add(
        named.error(fmt::format("'{}' has no price for {}; allowed: a cost file with all steps of "
                                "this machine",
                                file->string(), fmt::join(missing, ", "))));
  if (changed) lay_over(costs, *changed, set, errors);
  return costs;
}

std::vector<Costs> list_costs(const Library& library) {
  Errors errors;
  std::vector<Costs> out;
  for (const std::string& name : names_on(library, Shelf::costs))
    if (const auto file = locate(library, Shelf::costs, name, {}, "", errors))
      if (auto costs = load_cost_file(*file, errors)) out.push_back(std::move(*costs));
  errors.throw_if_any();
  return out;
}

}  // namespace nestwalk::config
