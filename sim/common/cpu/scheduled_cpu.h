// One vCPU of a schedule: its fibre, and what it is about to do.
#pragma once
#include <string_view>

#include "common/cpu/fibre.h"
#include "common/cpu/schedule.h"

namespace nestwalk {

class ScheduledCpu final : public Cpu {
 public:
  ScheduledCpu(unsigned vcpu, World world, Schedule& schedule, Schedule::Act act);
  Cycles now() const override { return clock_; }

  enum class State : std::uint8_t { fresh, ready, sleeps, flushes, paused, ended };
  State state() const { return state_; }
  const Touch& next() const { return next_; }
  // Until the next action, or a reason to stop.
  void go_on();

  void pause_at(PausePoint point) { pauses_.push_back(std::move(point)); }
  void let_go();
  void flush_sent(unsigned receivers);
  void flush_obeyed(Cycles now);
  std::string where() const;

 private:
  void pass(const Price& price, Cycles cycles) override;
  void await_turn(const Touch& touch) override;
  void sleep(const Lock& lock) override;
  void wake(Cycles now) override;
  Executed run(const Instruction& instruction) override;
  void invalidate(const FlushSequence& sequence, Reach reach) override;
  Observer* observer() const override { return schedule_.observer_; }
  InstructionTarget& target() const;
  void stop(State why);  // gives way until go_on()
  bool pauses_here(const Price& price);

  Schedule& schedule_;
  State state_ = State::fresh;
  Touch next_{};       // what the next action concerns; everything while fresh
  bool first_ = true;  // beginning and first action are one choice
  const Lock* awaited_ = nullptr;
  unsigned unobeyed_ = 0;  // receivers of its flush that have not obeyed yet
  Cycles clock_ = 0;
  std::uint64_t steps_ = 0;  // since the last action
  std::string_view path_, step_;
  std::vector<PausePoint> pauses_;
  Fibre fibre_;  // the last member: unwinding it uses the others
};

}  // namespace nestwalk
