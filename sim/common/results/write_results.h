// A result directory: what `run` leaves behind and `compare DIR ...` reads.
#pragma once
#include <filesystem>

#include "common/results/atomic_directory.h"
#include "common/results/comparison.h"
#include "common/results/results.h"

namespace nestwalk {

// Every file of a result directory. All but host.json are the same bytes for the same configuration
// and seed.
FileTexts result_files(const Results& results);

// Writes them all, or throws UserErrors and leaves nothing behind. An earlier result at the same
// place is replaced as a whole; a directory that holds anything else is refused.
void write_results(const std::filesystem::path& directory, const Results& results);

// Reads result.json of a result directory, or the file itself when `path` names one. Throws
// UserErrors.
Results read_results(const std::filesystem::path& path);

// The same for a comparison: comparison.{json,csv,txt} and time_split.csv.
FileTexts comparison_files(const Comparison& comparison);
void write_comparison(const std::filesystem::path& directory, const Comparison& comparison);

}  // namespace nestwalk
