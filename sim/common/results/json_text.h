// What the JSON writers share. Only for the .cpp files of this room.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/results/table.h"

namespace nestwalk {

using Json = nlohmann::ordered_json;

Json json_number(std::optional<double> number);  // null when unknown
Json json_cell(const Cell& cell);

// The document as text, indented; lists of numbers stay on one line. Text that is not UTF-8 (a
// file's name, say) is made readable rather than refused.
std::string json_text(const Json& json);

}  // namespace nestwalk
