// Which 4 KiB pages of an address space have been accessed: for "mapped minus touched". One bit a
// page, in blocks made when first needed.
#pragma once
#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>

#include "common/base/address.h"

namespace nestwalk {

class TouchedPages {
 public:
  void touch(std::uint16_t space, Va va) {
    const std::uint64_t page = va.value >> 12;
    const std::uint64_t block = page >> block_lg2 | std::uint64_t{space} << 48;
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
  // Forgets the pages of an aligned block that is no longer mapped.
  void forget(std::uint16_t space, Va base, unsigned size_lg2) {
    for (std::uint64_t at = 0; at < std::uint64_t{1} << size_lg2; at += 4096) {
      const std::uint64_t page = (base + at).value >> 12;
      const auto found = blocks_.find(page >> block_lg2 | std::uint64_t{space} << 48);
      if (found == blocks_.end()) continue;
      std::uint64_t& word = (*found->second)[page >> 6 & (words - 1)];
      const std::uint64_t mask = std::uint64_t{1} << (page & 63);
      count_ -= (word & mask) != 0;
      word &= ~mask;
    }
  }
  std::uint64_t bytes() const { return count_ << 12; }

 private:
  static constexpr unsigned block_lg2 = 15;  // pages per block: 128 MiB of addresses, 4 KiB of bits
  static constexpr std::size_t words = (std::size_t{1} << block_lg2) / 64;
  using Block = std::array<std::uint64_t, words>;

  tsl::robin_map<std::uint64_t, std::unique_ptr<Block>> blocks_;
  std::uint64_t last_ = ~std::uint64_t{0};
  Block* bits_ = nullptr;
  std::uint64_t count_ = 0;
};

}  // namespace nestwalk
