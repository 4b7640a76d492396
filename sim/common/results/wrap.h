// Breaks a paragraph into lines.
#pragma once
#include <string>

namespace nestwalk {

// `prefix` and then `text`, in lines of at most `columns`, broken at spaces; later lines are
// indented to where the text began. A word longer than a line is cut. Line breaks in `text` count
// as spaces.
std::string wrapped(const std::string& prefix, const std::string& text, std::size_t columns);

}  // namespace nestwalk
