#include "common/scenario/second_stage.h"

#include <fmt/format.h>

#include "common/base/bits.h"
#include "common/scenario/bad_step.h"

namespace nestwalk::scenario {
namespace {

MapRights rights_of(const Leaf& leaf) {
  MapRights rights;
  rights.write = rights.dirty = leaf.writable;
  rights.execute = leaf.executable;
  return rights;
}

}  // namespace

SecondStage::Leaves::iterator SecondStage::first_at(Ipa at) {
  const auto next = leaves_.upper_bound(at.value);
  if (next == leaves_.begin()) return next;
  const auto before = std::prev(next);
  return at.value - before->first < one(before->second.size_lg2) ? before : next;
}

const Leaf* SecondStage::find(Ipa at) const {
  const auto found = const_cast<SecondStage*>(this)->first_at(at);
  return found != leaves_.end() && found->first <= at.value ? &found->second : nullptr;
}

// What stands in the way is an empty table, where a larger entry is to go, or a word that a
// scenario has written raw.
void SecondStage::enter(const Leaf& leaf) {
  const auto at = entry_at_(leaf.base, (leaf.size_lg2 - 12) / 9);
  if (at && io_.load(*at, 8)) io_.store(*at, 8, 0);
  if (!vm_.tables->vacant(leaf.base.value, leaf.size_lg2, io_))
    throw BadStep(
        fmt::format("the hypervisor cannot map {:#x}: an entry that it has not made stands above",
                    leaf.base.value));
  leaves_[leaf.base.value] = leaf;
  vm_.tables->map(leaf.base.value, leaf.frame.value, leaf.size_lg2, rights_of(leaf), io_);
}

bool SecondStage::set(const Leaf& leaf) {
  const Leaf* found = find(leaf.base);
  if (found && found->base == leaf.base && found->size_lg2 == leaf.size_lg2 &&
      found->frame == leaf.frame) {
    leaves_[leaf.base.value] = leaf;
    vm_.tables->protect(leaf.base.value, rights_of(leaf), io_);
    return true;
  }
  const bool replaced = zap({leaf.base, one(leaf.size_lg2)}) != 0;
  enter(leaf);
  return replaced;
}

unsigned SecondStage::zap(const IpaRange& range) {
  unsigned zapped = 0;
  for (auto at = first_at(range.first);
       at != leaves_.end() &&
       (at->first < range.first.value || at->first - range.first.value < range.bytes);
       ++zapped) {
    vm_.tables->unmap(at->first, io_);
    at = leaves_.erase(at);
  }
  return zapped;
}

void SecondStage::split(Ipa at) {
  const Leaf* found = find(at);
  if (!found || found->size_lg2 == 12) return;
  Leaf part = *found;
  const std::uint64_t pages = one(part.size_lg2) >> 12;
  zap({at, 1});
  part.size_lg2 = 12;
  for (std::uint64_t page = 0; page < pages; ++page) {
    enter(part);
    part.base = part.base + 4096;
    part.frame = part.frame + 4096;
  }
}

void SecondStage::write_protect(const IpaRange& range) {
  for (auto at = first_at(range.first);
       at != leaves_.end() &&
       (at->first < range.first.value || at->first - range.first.value < range.bytes);
       ++at) {
    at->second.writable = false;
    vm_.tables->protect(at->first, rights_of(at->second), io_);
  }
}

}  // namespace nestwalk::scenario
