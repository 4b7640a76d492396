// What `nestwalk measure` measures, in this order.
#pragma once
#include <cstdint>
#include <vector>

#include "common/measure/measurement.h"
#include "common/measure/region.h"

namespace nestwalk {

enum class PlanSize : std::uint8_t { quick, full };

// Numbers of pages, each about half as many again as the one before: 4, 6, 8 ... 56, 84, 126 ...
// 36,414; those from `first` to `last`.
std::vector<std::uint64_t> page_counts(std::uint64_t first, std::uint64_t last);

// All points that the system's page sizes and `memory_bytes` allow.
std::vector<PointSpec> make_plan(PlanSize size, const SystemPages& system,
                                 std::uint64_t memory_bytes);

}  // namespace nestwalk
