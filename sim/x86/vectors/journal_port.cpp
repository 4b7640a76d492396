#include "x86/vectors/journal_port.h"

#include <map>

namespace nestwalk::x86 {

std::vector<std::pair<std::uint64_t, std::uint64_t>> JournalPort::changes() const {
  std::map<std::uint64_t, std::uint64_t> first;
  for (const auto& [at, word] : before_) first.emplace(at.value, word);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> changed;
  for (const auto& [at, word] : first) {
    const std::uint64_t now = memory_.read(Pa{at}, 8);
    if (now != word) changed.emplace_back(at, now);
  }
  return changed;
}

void JournalPort::forget() {
  before_.clear();
  reads_.clear();
}

void JournalPort::undo() {
  for (auto change = before_.rbegin(); change != before_.rend(); ++change)
    memory_.write(change->first, 8, change->second);
  forget();
}

}  // namespace nestwalk::x86
