#include "common/sysc/in_flight.h"

#include <algorithm>

namespace nestwalk {
namespace {

// Global entries are not known as such before the walk ends, so that the address space does not
// excuse a walk when global entries are meant.
bool concerns(const Invalidation& what, Tag tag) {
  return what.selects(tag, false) || (what.globals && what.selects(tag, true));
}

bool removes_walks(const Invalidation& what) {
  return what.stage1_walks != Invalidation::Walks::none ||
         what.stage2_walks != Invalidation::Walks::none || what.second_stage;
}

}  // namespace

void settle(Completion& completion, Agenda& agenda, Strand& me) {
  if (--completion.outstanding == 0 && completion.waiting)
    agenda.wake(*completion.waiting, me.now());
}

bool Translation::overtaken(const TlbEntry& entry) const {
  return std::any_of(crossed.begin(), crossed.end(),
                     [&](const Invalidation& what) { return covers(what, entry); });
}

void InFlight::end(Translation& translation, const TlbEntry* entry, const Fault& fault,
                   Strand& me) {
  agenda_.in_turn(me);
  list_.erase(std::find(list_.begin(), list_.end(), &translation));
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

void InFlight::overtake(const Invalidation& what) {
  for (Translation* translation : list_) {
    if (!concerns(what, translation->tag)) continue;
    if (what.final_entries) translation->crossed.push_back(what);
    translation->walks_overtaken |= removes_walks(what);
  }
  for (Merged* merged : handed_) {
    if (merged->entry && covers(what, *merged->entry)) merged->entry.reset();
    merged->fault = {};
  }
}

void InFlight::overtake(const Invalidation& what, Completion& completion) {
  overtake(what);
  for (Passage* passage : passages_) {
    auto& waiting = passage->completions;
    if (!concerns(what, passage->tag) ||
        std::find(waiting.begin(), waiting.end(), &completion) != waiting.end())
      continue;
    waiting.push_back(&completion);
    ++completion.outstanding;
  }
}

}  // namespace nestwalk
