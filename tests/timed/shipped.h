// Machines with shipped presets and price lists, as a run of the program has them.
#pragma once
#include <string>

#include "common/cli/specs_from_config.h"
#include "support.h"

namespace nestwalk::test {

inline config::Config shipped_config(const std::string& text) {
  const config::Library library{{std::string(NESTWALK_SOURCE_DIR) + "/configs"}};
  const std::string whole =
      text +
      "\nworkload: {kind: uniform, base: 0x0, footprint: 4K, accesses: 1}\ndata_accesses: off\n";
  return config::resolve(config::load_text(whole, "test.yaml", NESTWALK_SOURCE_DIR), {}, library);
}

inline Rig shipped_rig(const config::Config& config, const Architecture& architecture) {
  return {cli::machine_spec(config), cli::virtual_machine_spec(config, architecture), architecture};
}

// Mean time of the faults of one side, by the machine's clock.
inline double mean_fault_us(const Rig& rig, Side side) {
  double sum = 0, count = 0;
  for (const FaultHandled& fault : rig.seen.faults)
    if (fault.side == side) sum += static_cast<double>(fault.latency_cycles), ++count;
  return sum / count / rig.spec.frequency_mhz;
}

}  // namespace nestwalk::test
