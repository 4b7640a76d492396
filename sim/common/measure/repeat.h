// The repetitions of one point, within the process that measures it.
#pragma once
#include "common/measure/measure_point.h"

namespace nestwalk {

PointOutcome repeat_point(const PointSpec& spec, std::uint64_t line_step_bytes, double seconds,
                          const SystemPages& system);

}  // namespace nestwalk
