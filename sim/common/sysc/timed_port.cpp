#include "common/sysc/timed_port.h"

namespace nestwalk {

bool TimedPort::read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) {
  const Cycles asked = me_.now();
  const std::uint64_t line = at.value >> set_.line_lg2;
  set_.walker_entry.prefetch(line);
  set_.memory.prefetch(at);
  const RefServed served = set_.walker_entry.bring(me_, line);
  set_.agenda.reach(me_);
  word = set_.memory.read(at, bytes);
  ++reads_;
  clock_.charge(span_of(position), me_.now());
  if (set_.observer)
    set_.observer->on(Reference{set_.vcpu, position, served, me_.now() - asked, asked, at, word});
  return true;
}

// A locked read-modify-write: the line is brought (it was just read, so it is near), and the entry
// is compared and changed when it is here.
bool TimedPort::update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
                       std::uint64_t wanted) {
  set_.walker_entry.bring(me_, at.value >> set_.line_lg2);
  set_.agenda.reach(me_);
  clock_.charge(span_of(position), me_.now());
  set_.agenda.in_turn(me_);
  const std::uint64_t found = set_.memory.read(at, bytes);
  if (found == word)
    set_.memory.write(at, bytes, wanted);
  else
    word = found;
  return true;
}

void TimedPort::lookup(Lookup which) {
  me_.pass(which == Lookup::stage2_tlb   ? set_.spec.stage2_tlb_latency_cycles
           : which == Lookup::stage1_tlb ? set_.spec.stage1_tlb_latency_cycles
                                         : set_.spec.walk_cache_latency_cycles);
  set_.agenda.reach(me_);
  clock_.charge(Span::walk_cache, me_.now());
}

}  // namespace nestwalk
