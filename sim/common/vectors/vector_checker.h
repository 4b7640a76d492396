// Translation vectors: lines of JSON that an independent machine has executed. `nestwalk check`
// reads them and asks each architecture's checker; this is what a checker is.
#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nestwalk {

// One access whose result is not the vector's.
struct VectorMismatch {
  std::string id;           // of the line
  std::size_t access = 0;   // index in the line
  std::string access_text;  // e.g. "r 0x2be77d51a9f0 el0"
  std::string expected, found;
  std::string walk;  // every entry read, a line each; only if asked for
  // The classes of differences (of the checker's) whose rules, taken instead of the manual's, give
  // exactly the vector's result; empty: none do.
  std::vector<std::string_view> differences{};
};

struct VectorResult {
  std::size_t checked = 0;  // accesses executed
  std::vector<VectorMismatch> mismatches;
};

class VectorChecker {
 public:
  virtual ~VectorChecker() = default;
  virtual std::string_view arch() const = 0;  // the line's "arch": "x86" or "arm64"
  // What VectorMismatch::differences may say.
  virtual std::span<const std::string_view> difference_classes() const = 0;
  // Executes every access of one line. Throws std::invalid_argument, nlohmann::json::exception for
  // a line that is not a vector of this architecture.
  virtual VectorResult check(const nlohmann::json& line, bool with_walks) = 0;
};

}  // namespace nestwalk
