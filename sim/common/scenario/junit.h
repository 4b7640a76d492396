// What was played as JUnit XML, the form that continuous integration reads: a test case per file.
#pragma once
#include <ostream>
#include <vector>

#include "common/scenario/run.h"

namespace nestwalk::scenario {

void write_junit(const std::vector<Played>& all, std::ostream& out);

}  // namespace nestwalk::scenario
