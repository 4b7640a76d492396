// Binary images of memory in place of words: dumps of table pages beside a vector file.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>

namespace nestwalk {

// "images": [{"at": "0xPA", "file": NAME}] of a vector becomes words of its "mem", which may be
// left out: 8 bytes each, little-endian, those that are 0 left out. `folder` is where relative
// names start. Throws std::invalid_argument for an image that cannot be read, is no whole number of
// words, is larger than 64 MiB, does not lie at a multiple of 8 or holds a word that "mem" gives
// too.
void expand_images(nlohmann::json& vector, const std::filesystem::path& folder);

}  // namespace nestwalk
