#include "common/config/where.h"

#include <algorithm>

namespace nestwalk::config {

void Errors::throw_if_any() const {
  if (list_.empty()) return;
  std::vector<UserError> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const UserError& a, const UserError& b) {
    return a.file != b.file ? a.file < b.file : a.line < b.line;
  });
  throw UserErrors(std::move(sorted));
}

}  // namespace nestwalk::config
