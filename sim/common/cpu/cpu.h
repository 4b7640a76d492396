// What software on one vCPU can do. Each verb is one atomic action. Before it, other vCPUs may act:
// what was true before must be looked at again. Only step and enter act on nothing that others see.
// How the vCPU gives way, and what time is, belongs to a driver: at_once.h, scheduled.h, and in
// simulated time sysc/.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/cpu/flush_sequence.h"
#include "common/cpu/instruction.h"
#include "common/cpu/lock.h"
#include "common/cpu/prices.h"
#include "common/cpu/touch.h"
#include "common/memory/physical_memory.h"
#include "common/probe/events.h"

namespace nestwalk {

enum class Reach : std::uint8_t { local, broadcast };

class Cpu {
 public:
  virtual ~Cpu() = default;
  Cpu(const Cpu&) = delete;
  Cpu& operator=(const Cpu&) = delete;

  unsigned vcpu() const { return vcpu_; }
  World world() const { return world_; }
  virtual Cycles now() const = 0;
  // Cycles that have passed in a world, sleep included; those of all worlds sum to the time that
  // has passed.
  Cycles cycles_in(World world) const;

  // A named point of a path: pays `count` times its price, is told as an event, and is where a
  // scenario may pause.
  void step(const Price& price, std::uint64_t count = 1);

  // `bytes`: 4 or 8; `at` is aligned to it.
  std::uint64_t load(Pa at, unsigned bytes);
  void store(Pa at, unsigned bytes, std::uint64_t word);
  // Makes it `wanted` if it is `expected`; returns what it was.
  std::uint64_t exchange(Pa at, unsigned bytes, std::uint64_t expected, std::uint64_t wanted);
  // What follows, up to the next verb, uses `state`: what software keeps elsewhere than in
  // simulated memory and other vCPUs use too.
  void visit(const void* state, Use use);

  // Ranks are checked: a lock may be taken, or tried, only above all that are held.
  void acquire(Lock& lock, Hold hold);
  bool try_acquire(Lock& lock, Hold hold);
  void release(Lock& lock);

  // Walks under way end first, and what they have found is not kept if the instruction invalidates
  // it.
  Executed execute(const Instruction& instruction);
  // Returns when all whom it reaches have done it.
  void flush(const FlushSequence& sequence, Reach reach);

  // Whose time this is from now on; returns whose it was.
  World enter(World world);

 protected:
  Cpu(unsigned vcpu, PhysicalMemory& memory, World world)
      : vcpu_(vcpu), memory_(memory), world_(world) {}
  PhysicalMemory& memory() { return memory_; }
  const std::vector<Lock*>& held() const { return held_; }

 private:
  // The driver's part. A step's time passes.
  virtual void pass(const Price& price, Cycles cycles) = 0;
  // The action that follows comes in its turn. Not called while an exception unwinds the path.
  virtual void await_turn(const Touch& touch) = 0;
  // Until woken: it holds the lock then.
  virtual void sleep(const Lock& lock) = 0;
  // Called on one who sleeps, at the waker's time. Must not give way.
  virtual void wake(Cycles now) = 0;
  virtual Executed run(const Instruction& instruction) = 0;
  virtual void invalidate(const FlushSequence& sequence, Reach reach) = 0;
  virtual void world_changed(World /*from*/) {}
  virtual Observer* observer() const { return nullptr; }

  void check_rank(const Lock& lock) const;

  unsigned vcpu_;
  PhysicalMemory& memory_;
  World world_;
  Cycles entered_ = 0;
  std::array<Cycles, world_count> cycles_{};
  std::vector<Lock*> held_;
};

// Holds a lock until the end of the block, which is a verb: a vCPU may be abandoned there, and then
// the destructor throws (fibre.h).
class Holding {
 public:
  Holding(Cpu& cpu, Lock& lock, Hold hold) : cpu_(cpu), lock_(lock) { cpu.acquire(lock, hold); }
  ~Holding() noexcept(false) { cpu_.release(lock_); }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

 private:
  Cpu& cpu_;
  Lock& lock_;
};

// Is in a world until the end of the block.
class InWorld {
 public:
  InWorld(Cpu& cpu, World world) : cpu_(cpu), before_(cpu.enter(world)) {}
  ~InWorld() { cpu_.enter(before_); }
  InWorld(const InWorld&) = delete;
  InWorld& operator=(const InWorld&) = delete;

 private:
  Cpu& cpu_;
  World before_;
};

}  // namespace nestwalk
