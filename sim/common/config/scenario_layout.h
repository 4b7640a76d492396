// What a scenario file may hold, and reading one: descriptions, defaults, errors and JSON Schema as
// for a config.
#pragma once
#include <filesystem>

#include "common/config/spec.h"

namespace nestwalk::config {

const Spec& scenario_layout();

// Reads and checks a file; throws UserErrors, all of its mistakes with file and line.
Value load_scenario(const std::filesystem::path& file);

}  // namespace nestwalk::config
