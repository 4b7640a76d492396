// The accesses of a measured point as a run of the simulator, and what the run says of them.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/child_pool.h"
#include "common/measure/measurement.h"
#include "common/results/results.h"

namespace nestwalk::cli {

struct MachineSetting {
  std::string preset;       // as `machine.preset` names it; an absolute path if it is one
  std::string stages;       // of translation: "one" or "two"
  std::string host_policy;  // what the hypervisor maps the guest's memory with, with two stages
  std::uint64_t base_page_bytes = 4096;  // of the measured system
  std::uint64_t line_step_bytes = 0;
  std::vector<std::string> set;  // the user's KEY=VALUE, laid over everything else
};

// Loads and streams are simulated. First touches are not: what a fault costs is a price list here
// (configs/costs), not a machine.
bool is_simulated(const Point& point);

// The config of the run.
std::string point_config(const Point& point, const MachineSetting& setting);

// The run, its config and results in `folder`.
ChildTask point_task(const Point& point, const MachineSetting& setting,
                     const std::filesystem::path& folder);

// Cycles of one access. Several chains keep as many accesses in flight all the time, so that the
// time from one completion to the next is the latency of one divided by their number (Little).
double cycles_per_access(const Point& point, const Results& results);

}  // namespace nestwalk::cli
