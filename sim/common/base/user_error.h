// A user's mistake: where it stands, what is wrong, what is allowed. Thrown by loaders and readers,
// shown by main, exit status 2. All mistakes of one input are collected and shown together.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace nestwalk {

struct UserError {
  std::string file;        // as the user named it; empty: the command line
  std::uint64_t line = 0;  // 1-based; 0: the whole file
  std::string key;         // dotted path of a config key; empty: none
  std::string message;     // what is wrong and what is allowed

  // "file:line: key: message", without the parts that are unknown.
  std::string text() const;
};

class UserErrors : public std::exception {
 public:
  explicit UserErrors(UserError error) : UserErrors(std::vector<UserError>{std::move(error)}) {}
  explicit UserErrors(std::vector<UserError> errors);
  const std::vector<UserError>& all() const { return errors_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<UserError> errors_;
  std::string text_;
};

}  // namespace nestwalk
