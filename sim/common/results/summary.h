// The single numbers of a run that people ask for first, in one list: the summary of every writer
// and the columns of the comparison are taken from it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/results/results.h"
#include "common/results/table.h"

namespace nestwalk {

struct Scalar {
  std::string key;     // in JSON and CSV; never changes
  std::string header;  // above a column; may have several lines
  std::string unit;
  Kind kind = Kind::count;
  Cell value{};
};

std::vector<Scalar> summary(const Results& results);

// The value as a double, whatever kind of number it is.
std::optional<double> number_of(const Cell& cell);
// What is known, or the empty cell.
Cell cell_of(std::optional<double> number);

}  // namespace nestwalk
