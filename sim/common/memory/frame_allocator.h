// A buddy allocator over one physical address range: the guest's for intermediate, the host's for
// physical addresses. Gives the lowest free block of the smallest order that serves, or one at a
// place drawn from the seed; the same requests always give the same addresses. Fragmentation is
// injected at construction: in a stated fraction of the 2 MiB blocks one 4 KiB frame, at a seeded
// place, is taken for good.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <set>

#include "common/base/random.h"

namespace nestwalk {

enum class FrameOrder : std::uint8_t {
  lowest,     // as after boot
  scattered,  // as on a machine that has run for long: neighbours lie anywhere
};

struct FrameAllocatorSpec {
  std::uint64_t bytes = 0;   // a multiple of 4 KiB; addresses are 0 .. bytes - 1
  double fragmentation = 0;  // 0..1: fraction of 2 MiB blocks made unusable as such
  std::uint64_t seed = 0;
  std::uint64_t taken_low_bytes = 0;  // the lowest addresses, owned by somebody else from the start
  FrameOrder order = FrameOrder::lowest;
};

class FrameAllocator {
 public:
  static constexpr unsigned smallest_lg2 = 12, largest_lg2 = 40;

  explicit FrameAllocator(const FrameAllocatorSpec& spec);

  // A block of 2^size_lg2 bytes, aligned to its size (smallest_lg2 at least); nothing: none free.
  std::optional<std::uint64_t> allocate(unsigned size_lg2);
  void free(std::uint64_t at, unsigned size_lg2);
  // Whether allocate(size_lg2) would succeed.
  bool has_block(unsigned size_lg2) const;

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t free_bytes() const { return free_bytes_; }

 private:
  std::set<std::uint64_t>& list(unsigned lg2) { return free_[lg2 - smallest_lg2]; }
  const std::set<std::uint64_t>& list(unsigned lg2) const { return free_[lg2 - smallest_lg2]; }
  // The free block that holds all of this one: lg2 of its size; nothing: some of it is taken.
  std::optional<unsigned> free_block_around(std::uint64_t at, unsigned size_lg2) const;
  // Takes a block out of the free one around it.
  void take(std::uint64_t at, unsigned size_lg2);
  std::optional<std::uint64_t> allocate_scattered(unsigned size_lg2);
  std::optional<std::uint64_t> allocate_lowest(unsigned size_lg2);
  void fragment(const FrameAllocatorSpec& spec);

  std::array<std::set<std::uint64_t>, largest_lg2 - smallest_lg2 + 1> free_;
  std::uint64_t bytes_, free_bytes_;
  FrameOrder order_;
  Random places_;
};

}  // namespace nestwalk
