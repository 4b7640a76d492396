// The JSON Schema (draft 2020-12) of a description, for editors and for other programs. It says all
// that holds for one value or one object; rules between objects, bounds of sizes written as text
// and what a preset leaves open are the loader's alone.
#pragma once
#include <string>

#include "common/config/spec.h"

namespace nestwalk::config {

// The text of the schema file, ending in a newline.
std::string json_schema(const Spec& root);

}  // namespace nestwalk::config
