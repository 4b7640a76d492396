#include "common/cpu/cpu.h"

#include <algorithm>
#include <exception>

#include "common/base/check.h"

namespace nestwalk {

Cycles Cpu::cycles_in(World world) const {
  return cycles_[static_cast<std::size_t>(world)] + (world == world_ ? now() - entered_ : 0);
}

void Cpu::step(const Price& price, std::uint64_t count) {
  const Cycles begun = now(), cycles = price.cycles * count;
  pass(price, cycles);
  if (Observer* observer = this->observer())
    observer->on(StepTaken{static_cast<std::uint16_t>(vcpu_), world_, price.path, price.step, begun,
                           cycles});
}

std::uint64_t Cpu::load(Pa at, unsigned bytes) {
  await_turn(Touch::memory(at, Use::read));
  return memory_.read(at, bytes);
}

void Cpu::store(Pa at, unsigned bytes, std::uint64_t word) {
  await_turn(Touch::memory(at, Use::write));
  memory_.write(at, bytes, word);
}

std::uint64_t Cpu::exchange(Pa at, unsigned bytes, std::uint64_t expected, std::uint64_t wanted) {
  await_turn(Touch::memory(at, Use::write));
  const std::uint64_t found = memory_.read(at, bytes);
  if (found == expected) memory_.write(at, bytes, wanted);
  return found;
}

void Cpu::visit(const void* state, Use use) { await_turn(Touch::state(state, use)); }

void Cpu::check_rank(const Lock& lock) const {
  for (const Lock* held : held_)
    NW_CHECK(held->rank() < lock.rank(),
             "vCPU {} takes lock '{}' of rank {} while it holds lock '{}' of rank {}", vcpu_,
             lock.name(), lock.rank(), held->name(), held->rank());
}

void Cpu::acquire(Lock& lock, Hold hold) {
  check_rank(lock);
  await_turn(Touch::of(lock));
  const Cycles asked = now();
  if (!lock.take(*this, hold)) {
    sleep(lock);
    if (Observer* observer = this->observer())
      observer->on(
          LockWaited{static_cast<std::uint16_t>(vcpu_), world_, lock.name(), now() - asked});
  }
  held_.push_back(&lock);
}

bool Cpu::try_acquire(Lock& lock, Hold hold) {
  check_rank(lock);
  await_turn(Touch::of(lock));
  if (!lock.try_take(*this, hold)) return false;
  held_.push_back(&lock);
  return true;
}

// Also called by destructors while an exception unwinds the path; then it is not the time to give
// way to others.
void Cpu::release(Lock& lock) {
  if (std::uncaught_exceptions() == 0) await_turn(Touch::of(lock));
  std::erase(held_, &lock);
  for (Cpu* next : lock.give_back(*this)) next->wake(now());
}

Executed Cpu::execute(const Instruction& instruction) { return run(instruction); }

void Cpu::flush(const FlushSequence& sequence, Reach reach) { invalidate(sequence, reach); }

World Cpu::enter(World world) {
  const World before = world_;
  cycles_[static_cast<std::size_t>(before)] += now() - entered_;
  entered_ = now();
  world_ = world;
  world_changed(before);
  return before;
}

}  // namespace nestwalk
