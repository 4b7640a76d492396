// Software of several vCPUs, one atomic action at a time, in an order that somebody chooses: a
// script, chance, or an explorer that tries every order. Each vCPU runs its act on a fibre and
// gives way before each action; a choice is whose action comes next. With the first one, an act
// begins. A broadcast flush is more than one action: it is sent, then each vCPU obeys it, and the
// sender goes on when all have.
//
// Clocks count prices of steps and a fixed cost per memory access. They order nothing.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/cpu/cpu.h"

namespace nestwalk {

class ScheduledCpu;

// How vCPUs obey a broadcast: by themselves (Arm), or by an interrupt (x86), which guest software
// can take only in the guest. The host's own flushes wait for nobody who is outside the guest: such
// a vCPU flushes before it enters (Linux 6.12 kvm_request_needs_ipi, KVM_REQ_TLB_FLUSH).
enum class Obeys : std::uint8_t { by_itself, by_interrupt };

struct ScheduleSpec {
  Cycles memory_cycles = 0;  // of each load, store and exchange
  Obeys obeys = Obeys::by_itself;
  std::uint64_t longest_actions = 100'000;  // of a run that goes on without an end: no progress
  std::uint64_t longest_steps = 100'000;    // of one vCPU between two actions: no progress
};

// The nth time, from 1, that a vCPU comes to a step.
struct PausePoint {
  std::string path, step;
  unsigned nth = 1;
};

// Somebody who can go on. Actors 0 .. n-1 are the vCPUs; n + i is vCPU i's hardware, which obeys
// the flush that came first.
struct Option {
  unsigned actor = 0;
  Touch touch{};
};

enum class RunEnd : std::uint8_t {
  finished,     // all acts have ended
  paused,       // all who could go on stand at pause points
  deadlock,     // nobody can go on
  no_progress,  // a limit of the spec was reached
  abandoned,    // whoever chooses has had enough
};

class Schedule {
 public:
  using Act = std::function<void(Cpu&)>;

  // Everything named outlives the schedule, and acts may be unwound when it ends. `targets`: of all
  // vCPUs, or none.
  Schedule(PhysicalMemory& memory, const ScheduleSpec& spec = {},
           std::vector<InstructionTarget*> targets = {}, Observer* observer = nullptr);
  ~Schedule();

  // The next vCPU does this. All are added before anything runs.
  void add(World world, Act act);
  void pause_at(unsigned vcpu, PausePoint point);
  // A paused vCPU can go on.
  void let_go(unsigned vcpu);
  bool paused(unsigned vcpu) const;

  // Who can act now, in the order of their numbers.
  std::vector<Option> options() const;
  // One action. Throws what the act throws.
  void go(unsigned actor);
  // What the last action concerned.
  const Touch& acted() const { return acted_; }
  // Goes on while `choose` names one of the options by its index; nothing: abandons the run.
  using Choose = std::function<std::optional<std::size_t>(const std::vector<Option>&)>;
  RunEnd run(const Choose& choose);

  Cpu& cpu(unsigned vcpu);
  // One line: where each vCPU that has not ended stands.
  std::string where() const;

 private:
  friend class ScheduledCpu;
  struct Pending {
    const FlushSequence* sequence;
    ScheduledCpu* sender;
    World sent_from;
  };
  void send(ScheduledCpu& sender, const FlushSequence& sequence);
  void obey(unsigned vcpu);
  bool can_obey(unsigned vcpu) const;

  PhysicalMemory& memory_;
  ScheduleSpec spec_;
  std::vector<InstructionTarget*> targets_;
  Observer* observer_;
  std::vector<std::unique_ptr<ScheduledCpu>> cpus_;
  std::vector<std::deque<Pending>> inboxes_;
  Touch acted_{};
  bool stuck_ = false;  // a vCPU takes steps without end
};

}  // namespace nestwalk
