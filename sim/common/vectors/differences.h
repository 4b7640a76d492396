// Where the machine that executed the vectors is known to differ from the architecture's manual: a
// JSON file {"differences": [{"id", "access", "reason", "section"}]}. The manual wins.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace nestwalk {

struct KnownDifference {
  std::string reason;
  std::string section;  // of the manual
};

// By the line's id and the access's index in it.
using KnownDifferences = std::map<std::pair<std::string, std::size_t>, KnownDifference>;

// Throws UserErrors for a file that cannot be read or does not have that form.
KnownDifferences load_differences(const std::string& path);

}  // namespace nestwalk
