#include "common/tlb/assoc_array.h"

#include <bit>

#include "common/base/check.h"

namespace nestwalk {

AssocArray::AssocArray(const ArraySpec& spec, std::uint64_t seed)
    : sets_(spec.ways ? spec.entries / spec.ways : 1),
      set_mask_(std::has_single_bit(sets_) ? sets_ - 1 : 0),
      ways_(spec.ways ? spec.ways : spec.entries),
      keys_(spec.entries, empty),
      tags_(spec.entries),
      held_(sets_),
      prints_(spec.entries),
      policy_(make_replacement(spec.replacement, sets_, ways_, seed)) {
  NW_CHECK(sets_ * ways_ == spec.entries, "{} entries do not divide into {} ways", spec.entries,
           ways_);
}

AssocArray::Filled AssocArray::fill(std::size_t set, std::uint64_t key) {
  const std::size_t first = set * ways_;
  const bool evicted = held_[set] == ways_;
  unsigned way = 0;
  if (evicted) {
    way = policy_->victim(set);
  } else {
    while (valid(first + way)) ++way;
    ++held_[set];
    ++occupied_;
  }
  const std::size_t slot = first + way;
  keys_[slot] = key;
  prints_[slot] = print_of(key);
  policy_->filled(set, way);
  last_used_ = none;
  return {slot, evicted};
}

void AssocArray::drop(std::size_t slot) {
  if (!valid(slot)) return;
  keys_[slot] = empty;
  prints_[slot] = print_of(empty);
  --held_[slot / ways_];
  --occupied_;
  if (last_used_ == slot) last_used_ = none;
}

}  // namespace nestwalk
