#include "common/sysc/in_flight.h"

#include <algorithm>

namespace nestwalk {
void settle(Completion& completion, Agenda& agenda, Strand& me) {
  if (--completion.outstanding == 0 && completion.waiting)
    agenda.wake(*completion.waiting, me.now());
}

void InFlight::end(Translation& translation, const TlbEntry* entry, const Fault& fault,
                   Strand& me) {
  agenda_.in_turn(me);
  mmu_.retire(translation);
  for (Merged* merged : translation.merged) {
    if (entry) merged->entry = *entry;
    if (merged->wanted == translation.wanted) merged->fault = fault;
    handed_.push_back(merged);
    agenda_.wake(*merged->strand, me.now());
  }
}

void InFlight::take(Merged& merged) {
  handed_.erase(std::find(handed_.begin(), handed_.end(), &merged));
}

void InFlight::enter(Passage& passage, Tag tag) {
  passage.tag = tag;
  passage.entered = true;
  passages_.push_back(&passage);
}

void InFlight::leave(Passage& passage, Strand& me) {
  if (!passage.entered) return;
  agenda_.in_turn(me);
  passage.entered = false;
  passages_.erase(std::find(passages_.begin(), passages_.end(), &passage));
  for (Completion* completion : passage.completions) settle(*completion, agenda_, me);
  passage.completions.clear();
}

// What was handed to accesses that are not awake yet.
void InFlight::take_back(const Invalidation& what) {
  for (Merged* merged : handed_) {
    if (merged->entry && covers(what, *merged->entry)) merged->entry.reset();
    merged->fault = {};
  }
}

void InFlight::invalidate(const Invalidation& what) {
  mmu_.invalidate(what);
  take_back(what);
}

void InFlight::invalidate(const Invalidation& what, Completion& completion) {
  invalidate(what);
  for (Passage* passage : passages_) {
    auto& waiting = passage->completions;
    if (!may_concern(what, passage->tag) ||
        std::find(waiting.begin(), waiting.end(), &completion) != waiting.end())
      continue;
    waiting.push_back(&completion);
    ++completion.outstanding;
  }
}

void InFlight::execute(const MmuInstruction& instruction, WalkPort& port) {
  for (const Invalidation& what : mmu_.execute(instruction, port)) take_back(what);
}

}  // namespace nestwalk
