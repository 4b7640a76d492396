#include "common/memory/physical_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace nestwalk {

PhysicalMemory::Frame& PhysicalMemory::frame_of(Pa at) {
  Frame*& slot = frames_[at.value >> 12];
  if (slot) return *slot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
    return *slot;
  }
  if (next_in_block_ == frames_per_block) {
    constexpr std::size_t block_bytes = frames_per_block * sizeof(Frame);
    void* raw = std::aligned_alloc(block_bytes, block_bytes);
    if (!raw) throw std::bad_alloc();
    madvise(raw, block_bytes, MADV_HUGEPAGE);  // a hint: fewer host TLB misses on random walks
    blocks_.emplace_back(static_cast<Frame*>(raw), [](Frame* block) { std::free(block); });
    next_in_block_ = 0;
  }
  slot = new (&blocks_.back()[next_in_block_++]) Frame{};
  return *slot;
}

void PhysicalMemory::clear_frame(Pa frame) {
  const auto found = frames_.find(frame.value >> 12);
  if (found == frames_.end()) return;
  found->second->fill(0);
  free_.push_back(found->second);
  frames_.erase(found);
}

}  // namespace nestwalk
