#include "common/sysc/timed_cpu.h"

#include "common/sysc/mmu.h"
#include "common/sysc/shootdown.h"

namespace nestwalk {

void TimedCpu::pass(const Price&, Cycles cycles) {
  me_.pass(cycles);
  set_.agenda.reach(me_);
  serve_interrupts();
}

void TimedCpu::await_turn(const Touch& touch) {
  if (touch.what == Touch::What::memory) set_.core_entry.bring(me_, touch.id << 3 >> set_.line_lg2);
  set_.agenda.reach(me_);
  set_.agenda.in_turn(me_);
}

void TimedCpu::sleep(const Lock&) {
  set_.agenda.block(me_);
  serve_interrupts();
}

void TimedCpu::wake(Cycles now) { set_.agenda.wake(me_, now); }

Executed TimedCpu::run(const Instruction& instruction) {
  if (instruction.traps && instruction.traps(mmu_.engine())) return Executed::trapped;
  mmu_.execute(me_, clock_, instruction.effect);
  return Executed::done;
}

void TimedCpu::invalidate(const FlushSequence& sequence, Reach reach) {
  static const std::vector<Mailbox*> nobody;
  shoot_down(sequence, world() == World::host ? SentBy::host : SentBy::guest, mmu_,
             reach == Reach::broadcast ? others_ : nobody, set_.spec, set_.agenda, me_);
  serve_interrupts();
}

void TimedCpu::world_changed(World from) {
  charge(from);
  set_.agenda.reach(me_);
  if (from == World::host && world() != World::host) mailbox_.enter_guest(me_);
  if (from != World::host && world() == World::host) mailbox_.leave_guest();
}

// What messages have stolen.
void TimedCpu::serve_interrupts() {
  while (const Cycles stolen_cycles = mailbox_.take_stolen()) {
    charge(world());
    me_.pass(stolen_cycles);
    set_.agenda.reach(me_);
    clock_.charge(Span::invalidation, me_.now());
  }
}

void TimedCpu::charge(World world) {
  clock_.charge(world == World::host ? Span::host_fault : Span::guest_fault, me_.now());
}

}  // namespace nestwalk
