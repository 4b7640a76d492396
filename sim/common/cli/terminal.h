// How text goes to standard output.
#pragma once
#include "common/results/table.h"

namespace nestwalk::cli {

// On a terminal: in colour, and as wide as it is, within 60..200 columns. Else: 100 columns.
TextStyle style_of_output();

}  // namespace nestwalk::cli
