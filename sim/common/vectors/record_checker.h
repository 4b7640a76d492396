// Records of what a real hypervisor did (tests/conformance/records): a line is a set-up, steps and
// what was observed at each. `nestwalk check` recognises them by their shape; this is what an
// architecture's checker of them is.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nestwalk {

// One step at which the model and the record disagree.
struct RecordMismatch {
  std::string id;     // of the record, with its batch
  unsigned step = 0;  // its number in the record
  std::string step_text;
  std::string expected, found;
  // The class of known differences (of the checker's) that gives exactly what was recorded; empty:
  // none does.
  std::vector<std::string_view> differences{};
};

struct RecordResult {
  std::size_t checked = 0;                          // steps played and compared
  std::map<std::string, std::size_t> not_modelled;  // steps left out, by kind
  std::vector<RecordMismatch> mismatches;
};

class RecordChecker {
 public:
  virtual ~RecordChecker() = default;
  virtual std::string_view name() const = 0;  // of its classes in the differences file
  virtual bool recognises(const nlohmann::json& line) const = 0;
  virtual std::span<const std::string_view> difference_classes() const = 0;
  // Plays one record. Throws std::invalid_argument, nlohmann::json::exception for a line that has
  // the shape but is not a record.
  virtual RecordResult check(const nlohmann::json& line) = 0;
};

}  // namespace nestwalk
