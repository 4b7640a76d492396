// Where a trace reader puts accesses: the caller's span, and what does not fit there into a small
// overflow that the next call delivers first. Splits what MemoryAccess cannot hold: an access that
// crosses a 4 KiB boundary, or is wider than 64 bytes, becomes pieces.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/check.h"
#include "common/workload/access_source.h"

namespace nestwalk {

inline constexpr std::uint64_t split_page_bytes = 4096;
inline constexpr std::uint64_t max_record_bytes = 4096;

class AccessOut {
 public:
  // Begins a batch: delivers what was left over.
  void begin(std::span<MemoryAccess> out) {
    out_ = out;
    filled_ = std::min(out.size(), overflow_.size());
    std::copy_n(overflow_.begin(), filled_, out.begin());
    overflow_.erase(overflow_.begin(), overflow_.begin() + static_cast<std::ptrdiff_t>(filled_));
  }
  std::size_t filled() const { return filled_; }
  bool full() const { return filled_ == out_.size(); }

  // size_bytes is 1..max_record_bytes, and the access ends within the address space.
  void put(std::uint64_t va, AccessKind kind, std::uint64_t size_bytes, std::uint16_t space) {
    if (size_bytes <= 64 && (va % split_page_bytes) + size_bytes <= split_page_bytes) [[likely]]
      put_one(va, kind, size_bytes, space);
    else
      put_pieces(va, kind, size_bytes, space);
  }

 private:
  void put_one(std::uint64_t va, AccessKind kind, std::uint64_t size_bytes, std::uint16_t space) {
    const MemoryAccess access{Va{va}, kind, static_cast<std::uint8_t>(size_bytes), space, false};
    if (filled_ < out_.size()) [[likely]]
      out_[filled_++] = access;
    else
      overflow_.push_back(access);
  }
  // Cuts at pages, and where that leaves more than 64 bytes, at every multiple of 64.
  void put_pieces(std::uint64_t va, AccessKind kind, std::uint64_t size_bytes,
                  std::uint16_t space) {
    NW_CHECK(size_bytes >= 1 && size_bytes <= max_record_bytes, "{} bytes", size_bytes);
    const std::uint64_t grid = size_bytes <= 64 ? split_page_bytes : 64;
    while (size_bytes > 0) {
      const std::uint64_t piece = std::min(size_bytes, grid - va % grid);
      put_one(va, kind, piece, space);
      va += piece;
      size_bytes -= piece;
    }
  }

  std::span<MemoryAccess> out_;
  std::size_t filled_ = 0;
  std::vector<MemoryAccess> overflow_;
};

}  // namespace nestwalk
