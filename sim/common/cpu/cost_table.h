// The price list of software paths: cycles per step, with where each figure comes from. No number
// lives in a step machine; a machine asks for the cost of a step by its name.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/cycles.h"

namespace nestwalk {

struct StepCost {
  Cycles cycles = 0;
  std::string kind;  // measured | published | derived | assumed
  std::string source;
};

struct CostTable {
  std::string name;
  std::map<std::string, StepCost, std::less<>> steps;

  Cycles of(std::string_view step) const {
    const auto at = steps.find(step);
    NW_CHECK(at != steps.end(), "cost table {} has no step {}", name, step);
    return at->second.cycles;
  }
};

}  // namespace nestwalk
