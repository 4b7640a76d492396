// Which 4 KiB pages of memory have been accessed: for "mapped minus touched". One bit a page, in
// blocks made when first needed. By physical address: a page is given to another only after every
// vCPU has dropped what led to it, so that accesses to it and forget() never overlap, and their
// order on different vCPUs, whose clocks may have run ahead, does not matter.
#pragma once
#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>

#include "common/base/address.h"

namespace nestwalk {

class TouchedPages {
 public:
  void touch(Pa pa) {
    const std::uint64_t page = pa.value >> 12;
    const std::uint64_t block = page >> block_lg2;
    if (block != last_) {
      std::unique_ptr<Block>& slot = blocks_[block];
      if (!slot) slot = std::make_unique<Block>();
      last_ = block;
      bits_ = slot.get();
    }
    const std::uint64_t mask = std::uint64_t{1} << (page & 63);
    std::uint64_t& word = (*bits_)[page >> 6 & (words - 1)];
    count_ += !(word & mask);
    word |= mask;
  }
  // Forgets the pages of memory that is given back.
  void forget(Pa base, std::uint64_t bytes) {
    for (std::uint64_t at = 0; at < bytes; at += 4096) {
      const std::uint64_t page = (base + at).value >> 12;
      const auto found = blocks_.find(page >> block_lg2);
      if (found == blocks_.end()) continue;
      std::uint64_t& word = (*found->second)[page >> 6 & (words - 1)];
      const std::uint64_t mask = std::uint64_t{1} << (page & 63);
      count_ -= (word & mask) != 0;
      word &= ~mask;
    }
  }
  std::uint64_t bytes() const { return count_ << 12; }

 private:
  static constexpr unsigned block_lg2 = 15;  // pages per block: 128 MiB of memory, 4 KiB of bits
  static constexpr std::size_t words = (std::size_t{1} << block_lg2) / 64;
  using Block = std::array<std::uint64_t, words>;

  tsl::robin_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
  std::uint64_t last_ = ~std::uint64_t{0};
  Block* bits_ = nullptr;
  std::uint64_t count_ = 0;
};

}  // namespace nestwalk
