#include "common/vectors/images.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

namespace nestwalk {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;

std::uint64_t address(const nlohmann::json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t at = 0;
  const char* end = text.data() + text.size();
  const bool hex = text.starts_with("0x");
  const auto [stop, error] = std::from_chars(text.data() + (hex ? 2 : 0), end, at, 16);
  if (!hex || error != std::errc{} || stop != end || at % 8)
    throw std::invalid_argument(
        fmt::format("image at \"{}\": an address 0x... that is a multiple of 8 is wanted", text));
  return at;
}

void add_image(const nlohmann::json& image, const std::filesystem::path& folder,
               std::set<std::uint64_t>& taken, nlohmann::json& words) {
  std::uint64_t at = address(image.at("at"));
  const std::filesystem::path path = folder / image.at("file").get_ref<const std::string&>();
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file)
    throw std::invalid_argument(fmt::format("image {}: cannot be read", path.string()));
  if (bytes == 0 || bytes % 8 || bytes > most_bytes)
    throw std::invalid_argument(fmt::format(
        "image {}: {} bytes; allowed: a multiple of 8, 64 MiB at most", path.string(), bytes));
  for (std::array<unsigned char, 8> raw{};
       file.read(reinterpret_cast<char*>(raw.data()), raw.size()); at += 8) {
    std::uint64_t word = 0;
    for (std::size_t i = raw.size(); i-- > 0;) word = word << 8 | raw[i];
    if (word == 0) continue;
    if (!taken.insert(at).second)
      throw std::invalid_argument(
          fmt::format("image {}: the word at {:#x} is given twice", path.string(), at));
    words.push_back({fmt::format("{:#x}", at), fmt::format("{:#x}", word)});
  }
}

}  // namespace

void expand_images(nlohmann::json& vector, const std::filesystem::path& folder) {
  if (!vector.contains("images")) return;
  if (!vector["images"].is_array()) throw std::invalid_argument("\"images\" must be a list");
  nlohmann::json& words = vector["mem"];
  if (words.is_null()) words = nlohmann::json::array();
  std::set<std::uint64_t> taken;
  for (const nlohmann::json& word : words) taken.insert(address(word.at(0)));
  for (const nlohmann::json& image : vector["images"]) add_image(image, folder, taken, words);
}

}  // namespace nestwalk
