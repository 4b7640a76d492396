// Runs translation vectors through the architectures' checkers and reports what disagrees: what
// `nestwalk check` does.
#pragma once
#include <cstddef>
#include <ostream>
#include <span>
#include <string>

#include "common/vectors/vector_checker.h"

namespace nestwalk {

struct CheckOptions {
  bool verbose = false;          // print every mismatch's walk
  std::string differences_file;  // empty: none (differences.h)
};

struct CheckTotals {
  std::size_t checked = 0;            // accesses executed
  std::size_t mismatched = 0;         // of them, known differences not counted
  std::size_t known_differences = 0;  // mismatches of a class that the differences file lists
};

// Each file holds one vector a line (JSON), plain or .xz. Known differences are counted by class
// and only told one by one if verbose. Ends with the line "N checked, M mismatched". Throws
// UserErrors, with file and line, for input that is not a vector.
CheckTotals check_files(std::span<const std::string> files, const CheckOptions& options,
                        std::span<VectorChecker* const> checkers, std::ostream& out);

}  // namespace nestwalk
