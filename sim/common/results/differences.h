// What differs between the configurations of a comparison.
#pragma once
#include <vector>

#include "common/results/comparison.h"

namespace nestwalk {

// Keys whose values are not the same for all results, prices included; names are left out. Those of
// the fewest segments come first, because they say the most.
std::vector<Difference> differences(const std::vector<Results>& results);

}  // namespace nestwalk
