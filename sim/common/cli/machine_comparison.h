// Measured and simulated points beside each other, as tables.
#pragma once
#include <vector>

#include "common/measure/measurement.h"
#include "common/results/table.h"

namespace nestwalk::cli {

struct ComparedPoint {
  Point measured;
  double simulated_cycles = 0;  // per access
  double simulated_ns = 0;

  // Positive: the simulator is slower than the machine.
  double error() const { return simulated_ns / measured.min_ns - 1; }
};

// One line for each point, in the order given.
Table points_table(const std::vector<ComparedPoint>& points);
// One line for each kind of measurement: mean of the errors' sizes, and the largest.
Table errors_table(const std::vector<ComparedPoint>& points);

}  // namespace nestwalk::cli
