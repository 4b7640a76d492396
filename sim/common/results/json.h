// Results as JSON and back. README.md documents the names; they are stable within a schema version.
#pragma once
#include <string>
#include <string_view>

#include "common/results/results.h"

namespace nestwalk {

inline constexpr unsigned results_schema = 3;

// The text of result.json. A function of what was simulated alone: Results::host is left out.
std::string to_json(const Results& results);

// The Results that to_json was given, but for `host`. Numbers that are computed from others are not
// read back. Throws UserErrors, naming `file`, for text that is no such result or contradicts
// itself.
Results from_json(std::string_view text, const std::string& file);

// The text of host.json: what was measured on the machine that simulated. "{}" when nothing was.
std::string host_to_json(const Results& results);

}  // namespace nestwalk
