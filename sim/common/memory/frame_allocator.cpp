#include "common/memory/frame_allocator.h"

#include <algorithm>
#include <cmath>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/base/random.h"

namespace nestwalk {

FrameAllocator::FrameAllocator(const FrameAllocatorSpec& spec)
    : bytes_(align_down(spec.bytes, smallest_lg2)),
      free_bytes_(0),
      order_(spec.order),
      places_(derive_seed(spec.seed, 1)) {
  for (std::uint64_t at = align_up(spec.taken_low_bytes, smallest_lg2); at < bytes_;) {
    unsigned lg2 = largest_lg2;
    while (at & low_mask(lg2) || at + one(lg2) > bytes_) --lg2;
    list(lg2).insert(at);
    at += one(lg2);
    free_bytes_ += one(lg2);
  }
  if (spec.fragmentation > 0) fragment(spec);
}

void FrameAllocator::fragment(const FrameAllocatorSpec& spec) {
  constexpr unsigned block_lg2 = 21;
  const std::uint64_t first = align_up(spec.taken_low_bytes, block_lg2) >> block_lg2;
  const std::uint64_t end = std::max(first, bytes_ >> block_lg2);
  std::uint64_t wanted = static_cast<std::uint64_t>(
      std::llround(spec.fragmentation * static_cast<double>(end - first)));
  Random random(spec.seed);
  // Selection sampling (Knuth 3.4.2 S): exactly `wanted` of the blocks, each set equally likely.
  for (std::uint64_t block = first; block < end && wanted; ++block) {
    if (random.below(end - block) >= wanted) continue;
    --wanted;
    const std::uint64_t frame = random.below(one(block_lg2 - smallest_lg2));
    take((block << block_lg2) + (frame << smallest_lg2), smallest_lg2);
  }
}

std::optional<unsigned> FrameAllocator::free_block_around(std::uint64_t at,
                                                          unsigned size_lg2) const {
  for (unsigned lg2 = size_lg2; lg2 <= largest_lg2; ++lg2)
    if (list(lg2).count(align_down(at, lg2))) return lg2;
  return std::nullopt;
}

void FrameAllocator::take(std::uint64_t at, unsigned size_lg2) {
  const std::optional<unsigned> around = free_block_around(at, size_lg2);
  NW_CHECK(around, "{:#x}, 2^{}, is not free", at, size_lg2);
  list(*around).erase(align_down(at, *around));
  for (unsigned lg2 = *around; lg2 > size_lg2;) {
    --lg2;
    list(lg2).insert(align_down(at, lg2) ^ one(lg2));
  }
  free_bytes_ -= one(size_lg2);
}

bool FrameAllocator::has_block(unsigned size_lg2) const {
  for (unsigned lg2 = size_lg2; lg2 <= largest_lg2; ++lg2)
    if (!list(lg2).empty()) return true;
  return false;
}

std::optional<std::uint64_t> FrameAllocator::allocate(unsigned size_lg2) {
  NW_CHECK(size_lg2 >= smallest_lg2 && size_lg2 <= largest_lg2, "a block of 2^{}", size_lg2);
  if (order_ == FrameOrder::scattered)
    if (const auto at = allocate_scattered(size_lg2)) return at;
  return allocate_lowest(size_lg2);
}

// Where memory is nearly full, no place drawn may be free.
std::optional<std::uint64_t> FrameAllocator::allocate_scattered(unsigned size_lg2) {
  constexpr int most_draws = 32;
  for (int draw = 0; draw < most_draws; ++draw) {
    const std::uint64_t at = align_down(places_.below(bytes_), size_lg2);
    if (!free_block_around(at, size_lg2)) continue;
    take(at, size_lg2);
    return at;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> FrameAllocator::allocate_lowest(unsigned size_lg2) {
  unsigned lg2 = size_lg2;
  while (lg2 <= largest_lg2 && list(lg2).empty()) ++lg2;
  if (lg2 > largest_lg2) return std::nullopt;
  const std::uint64_t at = *list(lg2).begin();
  list(lg2).erase(list(lg2).begin());
  while (lg2 > size_lg2) {
    --lg2;
    list(lg2).insert(at + one(lg2));
  }
  free_bytes_ -= one(size_lg2);
  return at;
}

void FrameAllocator::free(std::uint64_t at, unsigned size_lg2) {
  NW_CHECK(at % one(size_lg2) == 0 && at + one(size_lg2) <= bytes_, "free of {:#x}, 2^{}", at,
           size_lg2);
  for (unsigned lg2 = size_lg2; lg2 <= largest_lg2; ++lg2)
    NW_CHECK(!list(lg2).count(align_down(at, lg2)), "{:#x} was free already", at);
  free_bytes_ += one(size_lg2);
  unsigned lg2 = size_lg2;
  for (; lg2 < largest_lg2; ++lg2) {
    const auto buddy = list(lg2).find(at ^ one(lg2));
    if (buddy == list(lg2).end()) break;
    list(lg2).erase(buddy);
    at = align_down(at, lg2 + 1);
  }
  list(lg2).insert(at);
}

}  // namespace nestwalk
