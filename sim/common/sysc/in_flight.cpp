#include "common/sysc/in_flight.h"

#include <algorithm>

namespace nestwalk {

void settle(Completion& completion, Agenda& agenda, Strand& me) {
  if (--completion.outstanding == 0 && completion.waiting)
    agenda.wake(*completion.waiting, me.now());
}

void InFlight::end(Translation& translation, const TlbEntry& entry, Strand& me) {
  list_.erase(std::find(list_.begin(), list_.end(), &translation));
  for (Merged* merged : translation.merged) {
    merged->entry = entry;
    merged->given = !translation.overtaken;
    merged->faulted = translation.faulted;
    handed_.push_back(merged);
    agenda_.wake(*merged->strand, me.now());
  }
}

void InFlight::leave(Passage& passage, Strand& me) {
  passages_.erase(std::find(passages_.begin(), passages_.end(), &passage));
  for (Completion* completion : passage.completions) settle(*completion, agenda_, me);
}

bool InFlight::take(Merged& merged) {
  handed_.erase(std::find(handed_.begin(), handed_.end(), &merged));
  return merged.given;
}

// Global entries are not known as such before the walk ends, so that the address space does not
// excuse a translation when global entries are meant. Nor is the page's size: an invalidation
// nearby (within 1 GiB) may cover it.
bool InFlight::covers(const Invalidation& what, Va va, Tag tag) {
  constexpr unsigned nearby_lg2 = 30;
  if (!what.selects(tag, false) && !(what.globals && what.selects(tag, true))) return false;
  return !what.va || what.va->meets(va.aligned(nearby_lg2).value, nearby_lg2);
}

void InFlight::overtake(const Invalidation& what) {
  Invalidation anywhere = what;
  if (what.stage1_walks == Invalidation::Walks::all) anywhere.va.reset();
  for (Translation* translation : list_) {
    if (covers(what, translation->va, translation->tag)) translation->overtaken = true;
    if (covers(anywhere, translation->va, translation->tag)) translation->walks_overtaken = true;
  }
  for (Merged* merged : handed_)
    if (covers(what, merged->va, merged->entry.tag)) merged->given = false;
}

void InFlight::overtake(const Invalidation& what, Completion& completion) {
  overtake(what);
  for (Passage* passage : passages_) {
    auto& waiting = passage->completions;
    if (!covers(what, passage->va, passage->tag) ||
        std::find(waiting.begin(), waiting.end(), &completion) != waiting.end())
      continue;
    waiting.push_back(&completion);
    ++completion.outstanding;
  }
}

}  // namespace nestwalk
