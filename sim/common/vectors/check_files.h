// Runs translation vectors and records of real hypervisors through the architectures' checkers and
// reports what disagrees: what `nestwalk check` does.
#pragma once
#include <cstddef>
#include <ostream>
#include <span>
#include <string>

#include "common/vectors/record_checker.h"
#include "common/vectors/vector_checker.h"

namespace nestwalk {

struct CheckOptions {
  bool verbose = false;          // print every mismatch's walk
  std::string differences_file;  // empty: none (differences.h)
};

struct CheckTotals {
  std::size_t checked = 0;            // accesses executed, steps of records played
  std::size_t mismatched = 0;         // of them, known differences not counted
  std::size_t known_differences = 0;  // mismatches of a class that the differences file lists
  std::size_t not_modelled = 0;       // steps of records of kinds that no model has
};

// Each file holds one vector or one record a line (JSON), plain or .xz; a record is told by its
// shape. Each mismatch names file and line. Known differences are counted by class and only told
// one by one if verbose, steps left out by kind. Ends with the line "N checked, M mismatched",
// after records "N checked, M mismatched, K of kinds not modelled". Throws UserErrors, with file
// and line, for input that is neither.
CheckTotals check_files(std::span<const std::string> files, const CheckOptions& options,
                        std::span<VectorChecker* const> checkers, std::ostream& out,
                        std::span<RecordChecker* const> record_checkers = {});

}  // namespace nestwalk
