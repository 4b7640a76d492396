// YAML text to Raw, by yaml-cpp's event parser. Refuses what a config has no use for: duplicate
// keys, aliases, anchors, tags, keys that are not text, several documents, deep nesting, huge
// files.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/raw.h"

namespace nestwalk::config {

inline constexpr std::size_t max_depth = 64;
inline constexpr std::size_t max_bytes = std::size_t{4} << 20;

struct Parsed {
  Raw root;  // an empty file gives an empty map
  std::vector<UserError> errors;
};

// Throws UserErrors where no tree can be made (syntax); lesser mistakes are in `errors`.
Parsed parse_text(std::string_view text, std::shared_ptr<const Source> source);
// The same for a file; also throws if it cannot be read.
Parsed parse_file(const std::filesystem::path& file, std::string label);

}  // namespace nestwalk::config
