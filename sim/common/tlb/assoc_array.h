// A set-associative array of keys: the common core of TLBs, walk caches and data caches. Knows
// slots, matching and replacement; what a slot means is its owner's business (payload by slot).
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "common/tlb/replacement.h"

namespace nestwalk {

struct ArraySpec {
  std::uint32_t entries = 0;  // 0: the array does not exist
  std::uint32_t ways = 0;     // 0: fully associative; else divides entries
  Replacement replacement = Replacement::lru;
};

class AssocArray {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  AssocArray(const ArraySpec& spec, std::uint64_t seed);

  std::size_t sets() const { return sets_; }
  unsigned ways() const { return ways_; }
  std::size_t slots() const { return keys_.size(); }
  std::size_t set_of(std::uint64_t index) const {
    return set_mask_ ? index & set_mask_ : sets_ == 1 ? 0 : index % sets_;
  }

  // The slot in `set` that holds `key` under `tag_a` or `tag_b`, or none.
  std::size_t find(std::size_t set, std::uint64_t key, std::uint64_t tag_a,
                   std::uint64_t tag_b) const {
    return search(set, key,
                  [&](std::size_t slot) { return tags_[slot] == tag_a || tags_[slot] == tag_b; });
  }
  // The same where all keys have the same tag.
  std::size_t find(std::size_t set, std::uint64_t key) const {
    return search(set, key, [](std::size_t) { return true; });
  }
  // Brings a set's keys near on the host: for a lookup after some other work.
  void prefetch(std::size_t set) const {
    const std::size_t first = set * ways_;
    if (ways_ > 8) __builtin_prefetch(&prints_[first]);
    for (std::size_t slot = first; slot < first + ways_; slot += 8)
      __builtin_prefetch(&keys_[slot]);
    policy_->prefetch(set);
  }
  void used(std::size_t slot) {
    if (slot == last_used_) return;  // already the most recent of the whole array
    last_used_ = slot;
    policy_->used(slot / ways_, static_cast<unsigned>(slot % ways_));
  }

  struct Filled {
    std::size_t slot;
    bool evicted;  // the slot held another valid key
  };
  // Takes a slot of `set` for a key that is not there: a free one, else the policy's victim.
  Filled fill(std::size_t set, std::uint64_t key, std::uint64_t tag) {
    const Filled filled = fill(set, key);
    tags_[filled.slot] = tag;
    return filled;
  }
  // The same where all keys have the same tag.
  Filled fill(std::size_t set, std::uint64_t key);
  void drop(std::size_t slot);

  bool valid(std::size_t slot) const { return keys_[slot] != empty; }
  std::uint64_t key(std::size_t slot) const { return keys_[slot]; }
  std::uint64_t tag(std::size_t slot) const { return tags_[slot]; }
  std::size_t occupied() const { return occupied_; }

 private:
  static constexpr std::uint64_t empty = ~std::uint64_t{0};
  static std::uint8_t print_of(std::uint64_t key) {
    return static_cast<std::uint8_t>((key * 0x9e3779b97f4a7c15) >> 56);
  }
  // The slot of `set` with this key for which `accept(slot)` holds, or none.
  template <class Accept>
  std::size_t search(std::size_t set, std::uint64_t key, Accept accept) const {
    const std::size_t first = set * ways_;
    if (ways_ <= 8) {
      for (std::size_t slot = first; slot < first + ways_; ++slot)
        if (keys_[slot] == key && accept(slot)) return slot;
      return none;
    }
    // Wide sets: one byte of the key's hash narrows the search, which the C library vectorizes.
    const std::uint8_t* begin = &prints_[first];
    const std::uint8_t* end = begin + ways_;
    const std::uint8_t print = print_of(key);
    for (const std::uint8_t* at = begin; at != end; ++at) {
      at = static_cast<const std::uint8_t*>(
          std::memchr(at, print, static_cast<std::size_t>(end - at)));
      if (!at) return none;
      const std::size_t slot = first + static_cast<std::size_t>(at - begin);
      if (keys_[slot] == key && accept(slot)) return slot;
    }
    return none;
  }

  std::size_t sets_, set_mask_;
  unsigned ways_;
  std::vector<std::uint64_t> keys_, tags_;
  std::vector<std::uint16_t> held_;  // valid slots, per set
  std::vector<std::uint8_t> prints_;
  std::unique_ptr<ReplacementPolicy> policy_;
  std::size_t last_used_ = none;
  std::size_t occupied_ = 0;
};

}  // namespace nestwalk
