// Machine presets: files with the keys of `machine`, in which every value has a source and a mark.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/library.h"
#include "common/config/raw.h"

namespace nestwalk::config {

// How a value is known.
enum class Mark : std::uint8_t {
  sourced,   // a document states it
  measured,  // fitted to a measurement that `source` names
  assumed,   // chosen
};
inline constexpr Mark all_marks[] = {Mark::sourced, Mark::measured, Mark::assumed};
const char* name(Mark mark);

struct PresetValue {
  std::string path;   // below `machine`
  std::string value;  // as one would write it
  Mark mark = Mark::assumed;
  std::string source;  // the document, the measurement, or why the value was chosen
};

struct Preset {
  std::string name;
  std::string description;
  std::vector<PresetValue> values;
  Raw machine;  // its keys, to be laid under the user's
};

// Reads and checks a preset; nothing, and errors, if it is not in order.
std::optional<Preset> load_preset(const std::filesystem::path& file, Errors& errors);

// All presets of the library by name; throws UserErrors if one of them is not in order.
std::vector<Preset> list_presets(const Library& library);

}  // namespace nestwalk::config
