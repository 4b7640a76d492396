#include "common/config/library.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/config/nearest.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

namespace fs = std::filesystem;

const char* folder_of(Shelf shelf) { return shelf == Shelf::machines ? "machines" : "costs"; }

}  // namespace

bool is_library_name(std::string_view text) {
  return !text.ends_with(".yaml") && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::vector<std::string> names_on(const Library& library, Shelf shelf) {
  std::set<std::string> names;
  for (const fs::path& folder : library.folders) {
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(folder / folder_of(shelf), error))
      if (entry.path().extension() == ".yaml") names.insert(entry.path().stem().string());
  }
  return {names.begin(), names.end()};
}

std::optional<fs::path> locate(const Library& library, Shelf shelf, const std::string& text,
                               const Where& where, const std::string& key, Errors& errors) {
  std::error_code error;
  if (!is_library_name(text)) {
    const fs::path path = where.source ? where.source->folder / text : fs::path(text);
    if (fs::exists(path, error)) return path;
    errors.add(where, key, fmt::format("there is no file '{}'", shown(path.string())));
    return std::nullopt;
  }
  for (const fs::path& folder : library.folders)
    if (const fs::path path = folder / folder_of(shelf) / (text + ".yaml"); fs::exists(path, error))
      return path;
  const std::vector<std::string> names = names_on(library, shelf);
  const std::optional<std::string> near = nearest(text, names);
  errors.add(
      where, key,
      fmt::format("'{}' is not known; {}allowed: {}, or the path of a .yaml file", shown(text),
                  near ? fmt::format("did you mean '{}'? ", *near) : "", fmt::join(names, ", ")));
  return std::nullopt;
}

}  // namespace nestwalk::config
