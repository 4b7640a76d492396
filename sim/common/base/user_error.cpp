#include "common/base/user_error.h"

#include <fmt/format.h>

namespace nestwalk {

std::string UserError::text() const {
  std::string where = file;
  if (line) where += fmt::format("{}{}", file.empty() ? "line " : ":", line);
  if (!where.empty()) where += ": ";
  if (!key.empty()) where += key + ": ";
  return where + message;
}

UserErrors::UserErrors(std::vector<UserError> errors) : errors_(std::move(errors)) {
  for (const UserError& error : errors_) text_ += (text_.empty() ? "" : "\n") + error.text();
}

}  // namespace nestwalk
