// `nestwalk list`: what there is to choose from.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "common/cli/options.h"
#include "common/config/costs.h"
#include "common/config/presets.h"
#include "common/mapping/mapping_policy.h"

namespace nestwalk::cli {
namespace {

void list_presets(const Program& program, bool all) {
  for (const config::Preset& preset : config::list_presets(program.library)) {
    const auto count = [&](config::Mark mark) {
      return std::count_if(preset.values.begin(), preset.values.end(),
                           [&](const config::PresetValue& value) { return value.mark == mark; });
    };
    std::cout << fmt::format("{:<16} {}\n{:<16} {} values: {} sourced, {} measured, {} assumed\n",
                             preset.name, preset.description, "", preset.values.size(),
                             count(config::Mark::sourced), count(config::Mark::measured),
                             count(config::Mark::assumed));
    if (!all) continue;
    for (const config::PresetValue& value : preset.values)
      std::cout << fmt::format("    {:<42} {:<10} {:<8} {}\n", value.path, value.value,
                               config::name(value.mark), value.source);
  }
  if (!all) std::cout << "\nnestwalk list presets --all shows every value with its source.\n";
}

void list_costs(const Program& program, bool all) {
  for (const config::Costs& costs : config::list_costs(program.library)) {
    std::cout << fmt::format("{:<18} {}\n", costs.name, costs.description);
    if (!all) continue;
    for (const config::Cost& cost : costs.steps)
      std::cout << fmt::format("    {:<20} {:>8} cycles  {:<9} {}\n", cost.step, cost.cycles,
                               cost.kind, cost.source);
  }
  if (!all) std::cout << "\nnestwalk list costs --all shows every price with its source.\n";
}

void list_policies() {
  for (const PolicyInfo& policy : policy_list())
    std::cout << fmt::format("{:<14} {}\n", policy.name, policy.description);
}

// The files of workloads/traces and the generators.
void list_workloads(const Program& program) {
  std::cout << "generators (workload.kind):\n"
               "  stride, uniform, zipf, pointer_chase   synthetic accesses over a footprint\n"
               "  phases                                 generators one after another\n"
               "traces (workload: {kind: trace, trace: {path: ...}}):\n";
  const std::filesystem::path folder = program.home / "workloads" / "traces";
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().extension() != ".md") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) std::cout << "  " << file << "\n";
}

}  // namespace

int list_command(const Program& program, const Arguments& arguments) {
  Options options("list {presets|policies|workloads|costs} [--all]",
                  "Lists what a config can name.", "what");
  options.add()("all", "with every value, its mark and its source");
  if (!options.parse(arguments)) return status_ok;
  const std::string what = options.only_positional();
  if (what == "presets")
    list_presets(program, options.has("all"));
  else if (what == "costs")
    list_costs(program, options.has("all"));
  else if (what == "policies")
    list_policies();
  else if (what == "workloads")
    list_workloads(program);
  else
    throw UserErrors(UserError{
        "", 0, "",
        fmt::format("'{}' cannot be listed; allowed: presets, policies, workloads, costs", what)});
  return status_ok;
}

}  // namespace nestwalk::cli
