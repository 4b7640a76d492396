// One point, measured in a process of its own: fresh mappings, and nothing that an earlier point
// has left in the TLBs, the tables or the allocator's caches of this process.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "common/measure/measurement.h"
#include "common/measure/region.h"

namespace nestwalk {

struct PointOutcome {
  std::optional<Point> point{};
  std::string why_not{};  // else
};

// Repeats the measurement for about `seconds`, after a warm-up of at least one round through all
// pages. `stop` is asked when a signal has come; then the point is given up.
PointOutcome measure_point(const PointSpec& spec, std::uint64_t line_step_bytes, double seconds,
                           const SystemPages& system, const std::function<bool()>& stop);

}  // namespace nestwalk
