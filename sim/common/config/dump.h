// A resolved config as YAML that loads again to the same bytes.
#pragma once
#include <filesystem>
#include <string>

#include "common/config/value.h"

namespace nestwalk::config {

// A scalar, or a list of scalars, as one would write it: 16G, 0x1000, [4K, 2M].
std::string format_value(const Value& value);

// The tree as a YAML document. Paths of files come out relative to `folder`, where the text is
// meant to be stored.
std::string dump_yaml(const Value& root, const std::filesystem::path& folder);

}  // namespace nestwalk::config
