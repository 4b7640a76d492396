// Where the machines that executed the vectors are known to differ from the architecture's manual:
// a JSON file {"differences": [{"arch", "class", "reason", "section"}]}. A class is a rule that the
// architecture's checker evaluates (vector_checker.h), so it covers every vector; the file says
// which classes are accepted, and why. The manual wins.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nestwalk {

struct KnownDifference {
  std::string reason;
  std::string section;  // of the manual
};

// What one checker can recognise, by its name in the file ("arch").
struct DifferenceClasses {
  std::string_view checker;
  std::span<const std::string_view> classes;
};

// By architecture and class.
using KnownDifferences = std::map<std::pair<std::string, std::string>, KnownDifference>;

// Throws UserErrors for a file that cannot be read, does not have that form, or names a class that
// its architecture's checker cannot recognise.
KnownDifferences load_differences(const std::string& path,
                                  std::span<const DifferenceClasses> checkers);

// The smallest set of classes that explains a result: one, or two at once. `explains` is given the
// indices of one or two classes (then ascending), the same index twice for one.
template <class Explains>
std::vector<std::string_view> explaining_classes(std::span<const std::string_view> classes,
                                                 Explains&& explains) {
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (explains(i, i)) return {classes[i]};
  for (std::size_t i = 0; i < classes.size(); ++i)
    for (std::size_t j = i + 1; j < classes.size(); ++j)
      if (explains(i, j)) return {classes[i], classes[j]};
  return {};
}

}  // namespace nestwalk
