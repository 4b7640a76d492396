#include "arm64/vectors/vector_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "arm64/granule.h"

namespace nestwalk::arm64 {
namespace {

std::string position_text(RefPosition p) {
  if (p.stage2_height == RefPosition::none)
    return fmt::format("stage 1 level {}", level_of(p.stage1_height));
  if (p.stage1_height == RefPosition::none)
    return fmt::format("stage 2 level {} for the access", level_of(p.stage2_height));
  return fmt::format("stage 2 level {} for stage 1 level {}", level_of(p.stage2_height),
                     level_of(p.stage1_height));
}

}  // namespace

void VectorMemory::load(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& words) {
  for (const Pa frame : frames_) memory_.clear_frame(frame);
  frames_.clear();
  journal_.clear();
  for (const auto& [at, word] : words) {
    const Pa frame = Pa{at}.aligned(12);
    if (frames_.empty() || frames_.back() != frame) frames_.push_back(frame);
    memory_.write(Pa{at}, 8, word);
  }
}

void VectorMemory::rewind() {
  for (auto entry = journal_.rbegin(); entry != journal_.rend(); ++entry)
    memory_.write(Pa{entry->first}, 8, entry->second);
  journal_.clear();
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> VectorMemory::changes() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> changed;
  for (auto entry = journal_.begin(); entry != journal_.end(); ++entry) {
    const bool earlier = std::any_of(journal_.begin(), entry,
                                     [&](const auto& e) { return e.first == entry->first; });
    const std::uint64_t now = memory_.read(Pa{entry->first}, 8);
    if (!earlier && now != entry->second) changed.emplace_back(entry->first, now);
  }
  std::sort(changed.begin(), changed.end());
  return changed;
}

bool VectorMemory::read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) {
  word = memory_.read(at, bytes);
  if (telling_)
    text_ += fmt::format("{}: [{:#x}] = {:#x}\n", position_text(position), at.value, word);
  return true;
}

bool VectorMemory::update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
                          std::uint64_t wanted) {
  const std::uint64_t now = memory_.read(at, bytes);
  if (now == word) {
    journal_.emplace_back(at.value, now);
    memory_.write(at, bytes, wanted);
  } else {
    word = now;
  }
  if (telling_)
    text_ += fmt::format("{}: [{:#x}] becomes {:#x}\n", position_text(position), at.value, wanted);
  return true;
}

}  // namespace nestwalk::arm64
