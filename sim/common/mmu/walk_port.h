// What a walk asks of the machine around it. The timed machine answers through its caches and lets
// simulated time pass; the functional one answers from memory at once. Nothing else differs.
#pragma once
#include <cstdint>

#include "common/base/address.h"
#include "common/memory/physical_memory.h"
#include "common/mmu/walk_under_way.h"
#include "common/probe/events.h"

namespace nestwalk {

class WalkPort {
 public:
  virtual ~WalkPort() = default;
  // Reads a table entry of 4 or 8 bytes. False: nothing answers at this address (a bus error).
  virtual bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) = 0;
  // Atomic read-modify-write of an entry: if it still is `word`, makes it `wanted`; else puts what
  // it is now into `word`. False: a bus error.
  virtual bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
                      std::uint64_t wanted) = 0;

  // A walk cache, the stage-2 or the stage-1 TLB is looked up, before its arrays are touched.
  enum class Lookup : std::uint8_t { stage1_walk_cache, stage2_walk_cache, stage2_tlb, stage1_tlb };
  virtual void lookup(Lookup) {}
  // The port reads for this walk from now on; null: for one that nobody can overtake.
  void reads_for(const WalkUnderWay* walk) { walk_ = walk; }
  // Whether walk caches and the stage-2 TLB may keep what this walk finds on its way: not once an
  // invalidation of such has overtaken it.
  bool may_fill() const { return !walk_ || !walk_->walks_overtaken; }
  // The reference at `position` is spared, thanks to a walk cache or the stage-2 TLB.
  virtual void spared(RefPosition /*position*/, RefServed /*by*/) {}
  // Whether spared() wants to be told: naming each spared reference takes time.
  virtual bool wants_spared() const { return false; }

 private:
  const WalkUnderWay* walk_ = nullptr;
};

// Answers from memory at once: the functional machine's port.
class UntimedPort final : public WalkPort {
 public:
  explicit UntimedPort(PhysicalMemory& memory) : memory_(memory) {}
  bool read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) override {
    word = memory_.read(at, bytes);
    ++reads_;
    return true;
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    const std::uint64_t now = memory_.read(at, bytes);
    if (now == word)
      memory_.write(at, bytes, wanted);
    else
      word = now;
    return true;
  }
  std::uint64_t reads() const { return reads_; }

 private:
  PhysicalMemory& memory_;
  std::uint64_t reads_ = 0;
};

}  // namespace nestwalk
