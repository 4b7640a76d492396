// The simulated CPU as kernel and hypervisor code sees it: work takes time, memory is reached
// through the caches, locks may have to be waited for. The timed machine implements it on a vCPU's
// thread; the functional one does everything at once.
#pragma once
#include <cstdint>

#include "common/base/address.h"
#include "common/base/cycles.h"
#include "common/memory/physical_memory.h"
#include "common/probe/events.h"

namespace nestwalk {

enum class LockId : std::uint8_t { guest_mm, host_mmu };
inline constexpr unsigned lock_count = 2;

// How the handling of a fault ended.
struct FaultEnd {
  std::uint8_t page_lg2 = 12;  // of the page that is mapped now
  bool spurious = false;       // another vCPU had mapped it since the walk
};

class Software {
 public:
  virtual ~Software() = default;
  virtual void spend(Cycles cycles) = 0;
  virtual std::uint64_t load(Pa at, unsigned bytes) = 0;
  virtual void store(Pa at, unsigned bytes, std::uint64_t word) = 0;
  virtual void lock(LockId) = 0;
  virtual void unlock(LockId) = 0;
  // Whose time the following is, until leave(). Nested: a guest's handler may enter the host's.
  virtual void enter(Side) = 0;
  virtual void leave(Side, const FaultEnd&) = 0;
};

// Software without time: for the functional machine and for setting up before the clock starts.
class UntimedSoftware final : public Software {
 public:
  explicit UntimedSoftware(PhysicalMemory& memory) : memory_(memory) {}
  void spend(Cycles) override {}
  std::uint64_t load(Pa at, unsigned bytes) override { return memory_.read(at, bytes); }
  void store(Pa at, unsigned bytes, std::uint64_t word) override { memory_.write(at, bytes, word); }
  void lock(LockId) override {}
  void unlock(LockId) override {}
  void enter(Side) override {}
  void leave(Side, const FaultEnd&) override {}

 private:
  PhysicalMemory& memory_;
};

}  // namespace nestwalk
