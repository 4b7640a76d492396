#include "common/cpu/schedule.h"

#include <utility>

#include "common/base/check.h"
#include "common/cpu/scheduled_cpu.h"

namespace nestwalk {

using State = ScheduledCpu::State;

Schedule::Schedule(PhysicalMemory& memory, const ScheduleSpec& spec,
                   std::vector<InstructionTarget*> targets, Observer* observer)
    : memory_(memory), spec_(spec), targets_(std::move(targets)), observer_(observer) {}

Schedule::~Schedule() = default;

void Schedule::add(World world, Act act) {
  const auto vcpu = static_cast<unsigned>(cpus_.size());
  cpus_.push_back(std::make_unique<ScheduledCpu>(vcpu, world, *this, std::move(act)));
  inboxes_.emplace_back();
}

void Schedule::pause_at(unsigned vcpu, PausePoint point) {
  cpus_[vcpu]->pause_at(std::move(point));
}
void Schedule::let_go(unsigned vcpu) { cpus_[vcpu]->let_go(); }
bool Schedule::paused(unsigned vcpu) const { return cpus_[vcpu]->state() == State::paused; }
Cpu& Schedule::cpu(unsigned vcpu) { return *cpus_[vcpu]; }

std::vector<Option> Schedule::options() const {
  std::vector<Option> options;
  for (unsigned i = 0; i < cpus_.size(); ++i)
    if (cpus_[i]->state() == State::fresh || cpus_[i]->state() == State::ready)
      options.push_back({i, cpus_[i]->next()});
  for (unsigned i = 0; i < cpus_.size(); ++i)
    if (can_obey(i)) options.push_back({static_cast<unsigned>(cpus_.size()) + i, {}});
  return options;
}

void Schedule::go(unsigned actor) {
  acted_ = actor < cpus_.size() ? cpus_[actor]->next() : Touch{};
  if (actor < cpus_.size())
    cpus_[actor]->go_on();
  else
    obey(actor - static_cast<unsigned>(cpus_.size()));
}

RunEnd Schedule::run(const Choose& choose) {
  for (std::uint64_t actions = 0;; ++actions) {
    const std::vector<Option> choices = options();
    if (choices.empty()) break;
    if (stuck_ || actions == spec_.longest_actions) return RunEnd::no_progress;
    const std::optional<std::size_t> chosen = choose(choices);
    if (!chosen) return RunEnd::abandoned;
    go(choices[*chosen].actor);
  }
  bool finished = true;
  for (unsigned i = 0; i < cpus_.size(); ++i) {
    if (paused(i)) return RunEnd::paused;
    finished &= cpus_[i]->state() == State::ended;
  }
  return finished ? RunEnd::finished : RunEnd::deadlock;
}

void Schedule::send(ScheduledCpu& sender, const FlushSequence& sequence) {
  unsigned receivers = 0;
  for (unsigned i = 0; i < cpus_.size(); ++i) {
    if (i == sender.vcpu()) continue;
    inboxes_[i].push_back({&sequence, &sender, sender.world()});
    ++receivers;
  }
  sender.flush_sent(receivers);
}

bool Schedule::can_obey(unsigned vcpu) const {
  if (inboxes_[vcpu].empty()) return false;
  const ScheduledCpu& cpu = *cpus_[vcpu];
  return spec_.obeys == Obeys::by_itself || inboxes_[vcpu].front().sent_from == World::host ||
         cpu.world() != World::host || cpu.state() == State::ended;
}

void Schedule::obey(unsigned vcpu) {
  NW_CHECK(can_obey(vcpu), "vCPU {} has no flush to obey", vcpu);
  const Pending pending = inboxes_[vcpu].front();
  inboxes_[vcpu].pop_front();
  if (!targets_.empty()) targets_[vcpu]->invalidate(pending.sequence->what);
  pending.sender->flush_obeyed(cpus_[vcpu]->now());
}

std::string Schedule::where() const {
  std::string text;
  for (const auto& cpu : cpus_)
    if (cpu->state() != State::ended) text += (text.empty() ? "" : "; ") + cpu->where();
  return text;
}

}  // namespace nestwalk
