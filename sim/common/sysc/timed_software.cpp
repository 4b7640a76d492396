#include "common/sysc/timed_software.h"

#include "common/sysc/mmu.h"
#include "common/sysc/shootdown.h"

namespace nestwalk {

void TimedSoftware::spend(Cycles cycles) {
  me_.pass(cycles);
  set_.agenda.reach(me_);  // what the step does next must be seen in order
  serve_interrupts();
}

void TimedSoftware::finish() {
  set_.agenda.reach(me_);
  serve_interrupts();
  charge();
}

void TimedSoftware::serve_interrupts() {
  while (const Cycles stolen_cycles = mailbox_.take_stolen()) {
    charge();
    me_.pass(stolen_cycles);
    set_.agenda.reach(me_);
    clock_.charge(Span::invalidation, me_.now());
  }
}

std::uint64_t TimedSoftware::load(Pa at, unsigned bytes) {
  set_.core_entry.bring(me_, at.value >> set_.line_lg2);
  set_.agenda.reach(me_);
  return set_.memory.read(at, bytes);
}

void TimedSoftware::store(Pa at, unsigned bytes, std::uint64_t word) {
  set_.core_entry.bring(me_, at.value >> set_.line_lg2);
  set_.agenda.reach(me_);
  set_.agenda.in_turn(me_);
  set_.memory.write(at, bytes, word);
}

void TimedSoftware::charge() {
  const Side side = entered_.empty() ? side_ : entered_.back().side;
  clock_.charge(side == Side::guest ? Span::guest_fault : Span::host_fault, me_.now());
}

void TimedSoftware::enter(Side side) {
  charge();
  set_.agenda.in_turn(me_);
  if (side == Side::host) mailbox_.leave_guest();
  entered_.push_back({side, me_.now(), 0});
}

void TimedSoftware::leave(Side side, const FaultEnd& end) {
  charge();
  ++handled_[static_cast<std::size_t>(side)];
  const Entered left = entered_.back();
  entered_.pop_back();
  const Cycles cycles = me_.now() - left.at;
  if (side == Side::host) mailbox_.enter_guest(me_);
  if (side == Side::host && !entered_.empty()) entered_.back().host_cycles += cycles;
  if (set_.observer)
    set_.observer->on(
        FaultHandled{set_.vcpu, side, end.spurious, end.page_lg2, cycles, left.host_cycles});
}

const TranslationEngine& TimedSoftware::engine() const { return mmu_.engine(); }

void TimedSoftware::execute(const MmuInstruction& instruction) {
  mmu_.execute(me_, clock_, instruction);
}

}  // namespace nestwalk
