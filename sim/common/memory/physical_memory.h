// The contents of simulated physical memory: 8-byte words in 4 KiB frames, allocated when first
// written. Only what the model reads back has contents (tables, guest-written words); data pages
// are addresses without bytes, so a run costs host memory for the tables it touches and nothing
// else.
#pragma once
#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/address.h"
#include "common/base/check.h"

namespace nestwalk {

class PhysicalMemory {
 public:
  // `bytes` is 4 or 8 and `at` is aligned to it; memory never written reads as zero.
  std::uint64_t read(Pa at, unsigned bytes) const {
    const std::uint64_t* word = find(at);
    if (!word) return 0;
    return bytes == 8 ? *word : static_cast<std::uint32_t>(*word >> (at.value & 4) * 8);
  }

  void write(Pa at, unsigned bytes, std::uint64_t value) {
    std::uint64_t& word = frame_of(at)[at.value >> 3 & 511];
    if (bytes == 8) {
      word = value;
    } else {
      const unsigned shift = (at.value & 4) * 8;
      word = (word & ~(std::uint64_t{0xffffffff} << shift)) | (value & 0xffffffff) << shift;
    }
  }

  // Brings the word near on the host: for one that will be read after some other work.
  void prefetch(Pa at) const { __builtin_prefetch(find(at)); }

  // Frames that hold contents, in bytes of host memory.
  std::uint64_t resident_bytes() const { return frames_.size() * sizeof(Frame); }
  // Forgets the contents of one 4 KiB frame (a freed table page).
  void clear_frame(Pa frame);

 private:
  using Frame = std::array<std::uint64_t, 512>;
  // Frames are carved from large blocks, which the host can back with large pages.
  static constexpr std::size_t frames_per_block = 512;

  struct FrameHash {
    std::size_t operator()(std::uint64_t frame) const {
      return static_cast<std::size_t>((frame * 0x9e3779b97f4a7c15) >> 20);
    }
  };

  const std::uint64_t* find(Pa at) const {
    const auto found = frames_.find(at.value >> 12);
    return found == frames_.end() ? nullptr : &(*found->second)[at.value >> 3 & 511];
  }
  Frame& frame_of(Pa at);

  tsl::robin_map<std::uint64_t, Frame*, FrameHash> frames_;
  std::vector<std::unique_ptr<Frame[], void (*)(Frame*)>> blocks_;
  std::vector<Frame*> free_;
  std::size_t next_in_block_ = frames_per_block;
};

}  // namespace nestwalk
