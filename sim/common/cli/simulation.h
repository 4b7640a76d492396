// One simulation, from a checked config to its Results. At most one timed simulation per process:
// SystemC elaborates once.
#pragma once
#include <functional>
#include <memory>

#include "common/cli/specs_from_config.h"
#include "common/machine/run_control.h"
#include "common/results/results.h"
#include "common/sysc/agenda.h"

namespace nestwalk::cli {

// How main gives architectures to the commands: from a config to tables, engine and fault paths.
using MakeArchitecture = std::function<std::unique_ptr<Architecture>(const config::Config&)>;

struct SimulationRequest {
  const config::Config& config;
  std::string variant;      // name for the results; may be empty
  std::string config_yaml;  // the resolved config, to be kept with the results
  Sync sync = Sync::lazy;
  Observer* also_told = nullptr;  // of every event in the measured region, besides the collectors
};

struct SimulationOutcome {
  Results results;
  bool completed = false;  // false: stopped early on request; results are partial
};

// Throws UserErrors for what shows only while running (memory that runs out, a bad trace line).
SimulationOutcome simulate(const SimulationRequest& request, const MakeArchitecture& make,
                           RunControl& control);

}  // namespace nestwalk::cli
