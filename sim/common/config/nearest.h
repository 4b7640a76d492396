// "Did you mean": the known name nearest to a mistyped one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nestwalk::config {

// The nearest of `names` by edits (insert, delete, replace, swap of neighbours), if near enough
// that a slip of the hand explains it: a third of the letters, at least one.
std::optional<std::string> nearest(std::string_view given, const std::vector<std::string>& names);

}  // namespace nestwalk::config
