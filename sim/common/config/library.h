// The folders of ready-made machine and cost files (configs/), and how a config names a file there.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/where.h"

namespace nestwalk::config {

struct Library {
  std::vector<std::filesystem::path> folders;  // searched in this order; each has machines/, costs/
};

enum class Shelf : std::uint8_t { machines, costs };

// Letters, digits, '-', '_' and '.', not ending in .yaml: a name. Anything else is a path.
bool is_library_name(std::string_view text);

// The names on a shelf, sorted, each once.
std::vector<std::string> names_on(const Library& library, Shelf shelf);

// The file that `text` means, written at `where`: on the shelf by name, or by a path that starts
// at the folder of the file that says so. Nothing, and an error for `key`, if there is none.
std::optional<std::filesystem::path> locate(const Library& library, Shelf shelf,
                                            const std::string& text, const Where& where,
                                            const std::string& key, Errors& errors);

}  // namespace nestwalk::config
