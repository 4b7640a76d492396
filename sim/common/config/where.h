// Where a value of a config came from, and the list in which a loader gathers what is wrong.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/user_error.h"

namespace nestwalk::config {

// A file, or one option of the command line.
struct Source {
  std::string label;             // as the user named it: a path, or "-s key=value"
  std::filesystem::path folder;  // relative paths in it start here
  bool has_lines = true;         // false: an option
};

struct Where {
  std::shared_ptr<const Source> source;
  std::uint64_t line = 0;  // 1-based; 0: the whole source

  UserError error(std::string key, std::string message) const {
    return {source ? source->label : "", source && !source->has_lines ? 0 : line, std::move(key),
            std::move(message)};
  }
};

class Errors {
 public:
  void add(const Where& where, std::string key, std::string message) {
    add(where.error(std::move(key), std::move(message)));
  }
  void add(UserError error) { list_.push_back(std::move(error)); }
  void add_all(const std::vector<UserError>& errors) {
    list_.insert(list_.end(), errors.begin(), errors.end());
  }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const std::vector<UserError>& all() const { return list_; }
  // Throws all of them, sorted by file and line, if there are any.
  void throw_if_any() const;

 private:
  std::vector<UserError> list_;
};

}  // namespace nestwalk::config
