#include "common/vectors/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/base/user_error.h"

namespace nestwalk {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& key, std::string message) {
  throw UserErrors(UserError{path, 0, key, std::move(message)});
}

// Classes of an architecture that has no checker here are nobody's business.
bool unknown_class(const std::string& arch, const std::string& name,
                   std::span<const DifferenceClasses> checkers) {
  return std::ranges::any_of(checkers, [&](const DifferenceClasses& checker) {
    return checker.checker == arch &&
           std::ranges::find(checker.classes, name) == checker.classes.end();
  });
}

KnownDifferences read(const nlohmann::json& document, const std::string& path,
                      std::span<const DifferenceClasses> checkers) {
  KnownDifferences known;
  if (!document.is_object() || !document.contains("differences") ||
      !document["differences"].is_array())
    refuse(path, "differences", "a list of objects is wanted");
  std::size_t index = 0;
  for (const nlohmann::json& item : document["differences"]) {
    const std::string key = fmt::format("differences[{}]", index++);
    try {
      const std::pair at{item.at("arch").get<std::string>(), item.at("class").get<std::string>()};
      KnownDifference difference{item.at("reason").get<std::string>(),
                                 item.at("section").get<std::string>()};
      if (unknown_class(at.first, at.second, checkers))
        refuse(path, key, fmt::format("{} has no class \"{}\"", at.first, at.second));
      if (!known.emplace(at, std::move(difference)).second)
        refuse(path, key, fmt::format("{} class \"{}\" is listed twice", at.first, at.second));
    } catch (const nlohmann::json::exception& error) {
      refuse(path, key,
             fmt::format("arch, class, reason and section are wanted: {}", error.what()));
    }
  }
  return known;
}

}  // namespace

KnownDifferences load_differences(const std::string& path,
                                  std::span<const DifferenceClasses> checkers) {
  std::ifstream file(path);
  if (!file) refuse(path, "", "cannot be opened");
  try {
    return read(nlohmann::json::parse(file), path, checkers);
  } catch (const nlohmann::json::parse_error& error) {
    refuse(path, "", fmt::format("not JSON: {}", error.what()));
  }
}

}  // namespace nestwalk
