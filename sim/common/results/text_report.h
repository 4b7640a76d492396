// The report of one run for the terminal.
#pragma once
#include <string>

#include "common/results/results.h"
#include "common/results/table.h"

namespace nestwalk {

// Sections without content are left out. Every number is one of to_json, rounded, but for those of
// the section that describes the simulator itself.
std::string to_text(const Results& results, const TextStyle& style = {});

}  // namespace nestwalk
