#include "common/cpu/scheduled_cpu.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/check.h"

namespace nestwalk {

ScheduledCpu::ScheduledCpu(unsigned vcpu, World world, Schedule& schedule, Schedule::Act act)
    : Cpu(vcpu, schedule.memory_, world),
      schedule_(schedule),
      fibre_([this, act = std::move(act)] { act(*this); }) {}

void ScheduledCpu::go_on() {
  NW_CHECK(state_ == State::fresh || state_ == State::ready, "vCPU {} cannot go on", vcpu());
  state_ = State::ready;
  steps_ = 0;
  try {
    fibre_.resume();
  } catch (...) {
    state_ = State::ended;
    throw;
  }
  if (fibre_.ended()) state_ = State::ended;
}

void ScheduledCpu::stop(State why) {
  state_ = why;
  fibre_.give_way();
}

void ScheduledCpu::pass(const Price& price, Cycles cycles) {
  clock_ += cycles;
  path_ = price.path;
  step_ = price.step;
  if (++steps_ == schedule_.spec_.longest_steps) {
    schedule_.stuck_ = true;
    stop(State::ready);
  }
  if (pauses_here(price)) {
    next_ = {};  // how it goes on is not known
    stop(State::paused);
  }
}

bool ScheduledCpu::pauses_here(const Price& price) {
  const auto here = std::find_if(pauses_.begin(), pauses_.end(), [&](PausePoint& point) {
    return point.path == price.path && point.step == price.step && --point.nth == 0;
  });
  if (here == pauses_.end()) return false;
  pauses_.erase(here);
  return true;
}

void ScheduledCpu::let_go() {
  NW_CHECK(state_ == State::paused, "vCPU {} is not paused", vcpu());
  state_ = State::ready;
}

void ScheduledCpu::await_turn(const Touch& touch) {
  if (first_) {
    first_ = false;
    schedule_.acted_ = touch;
  } else {
    next_ = touch;
    stop(State::ready);
  }
  if (touch.what == Touch::What::memory) clock_ += schedule_.spec_.memory_cycles;
}

void ScheduledCpu::sleep(const Lock& lock) {
  awaited_ = &lock;
  next_ = Touch::of(lock);
  stop(State::sleeps);
  awaited_ = nullptr;
}

void ScheduledCpu::wake(Cycles now) {
  clock_ = std::max(clock_, now);
  state_ = State::ready;
}

InstructionTarget& ScheduledCpu::target() const {
  NW_CHECK(vcpu() < schedule_.targets_.size(), "vCPU {} has no hardware for an instruction",
           vcpu());
  return *schedule_.targets_[vcpu()];
}

Executed ScheduledCpu::run(const Instruction& instruction) {
  await_turn({});
  return target().execute(instruction);
}

void ScheduledCpu::invalidate(const FlushSequence& sequence, Reach reach) {
  await_turn({});
  if (!schedule_.targets_.empty()) target().invalidate(sequence.what);
  if (reach == Reach::broadcast) schedule_.send(*this, sequence);
}

void ScheduledCpu::flush_sent(unsigned receivers) {
  unobeyed_ = receivers;
  next_ = {};
  if (unobeyed_) stop(State::flushes);
}

void ScheduledCpu::flush_obeyed(Cycles now) {
  clock_ = std::max(clock_, now);
  if (--unobeyed_ == 0) state_ = State::ready;
}

std::string ScheduledCpu::where() const {
  std::string text = fmt::format("vCPU {}", vcpu());
  if (!step_.empty()) text += fmt::format(" after {}.{}", path_, step_);
  if (awaited_) text += fmt::format(" waits for lock '{}'", awaited_->name());
  if (unobeyed_) text += fmt::format(" waits for {} vCPUs to flush", unobeyed_);
  for (const Lock* lock : held()) text += fmt::format(", holds lock '{}'", lock->name());
  return text;
}

}  // namespace nestwalk
