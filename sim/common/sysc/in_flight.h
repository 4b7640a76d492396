// What is under way on one vCPU: merging of misses to one page, and the one rule of concurrency:
// a walk overtaken by an invalidation that covers it may finish but must not fill a TLB or a walk
// cache. Invalidations are complete only when the accesses they have overtaken are (Arm: DSB after
// TLBI; x86: the IPI is taken between instructions).
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/sysc/agenda.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tlb.h"

namespace nestwalk {

// Counts what an invalidation still waits for, and wakes who waits.
struct Completion {
  Strand* waiting = nullptr;
  unsigned outstanding = 0;
};

// An access that sleeps until another's translation of its page is done, and what it is given then.
struct Merged {
  Strand* strand = nullptr;
  Va va{};
  TlbEntry entry{};
  bool given = false;    // false: it has to look again for itself
  bool faulted = false;  // the translation met a fault, whose handler has run meanwhile
};

struct Translation {
  Va va{};
  Tag tag{};
  bool overtaken = false;        // its result may not be kept
  bool walks_overtaken = false;  // nor the tables it passes: they go whatever the address (INVLPG)
  bool faulted = false;
  std::vector<Merged*> merged;
};

// An access from its issue until it has its data. It may use what it has been given by then.
struct Passage {
  Va va{};
  Tag tag{};
  std::vector<Completion*> completions;  // invalidations that wait for it
};

class InFlight {
 public:
  explicit InFlight(Agenda& agenda) : agenda_(agenda) {}

  // The translation under way that an access to `va` may wait for, if any: same 4 KiB page, same
  // tag, not overtaken (what it finds may be out of date already).
  Translation* find(Va va, Tag tag) {
    for (Translation* other : list_)
      if (other->va.value >> 12 == va.value >> 12 && other->tag == tag && !other->overtaken)
        return other;
    return nullptr;
  }
  void add(Translation& translation) { list_.push_back(&translation); }
  // Ends it: gives `entry` to those merged with it, unless it was overtaken, and wakes them.
  void end(Translation& translation, const TlbEntry& entry, Strand& me);
  // An access that was woken takes what it was given, if an invalidation has not taken it away
  // since.
  bool take(Merged& merged);
  void enter(Passage& passage) { passages_.push_back(&passage); }
  // Settles the invalidations that waited for it.
  void leave(Passage& passage, Strand& me);
  // Marks what `what` overtakes.
  void overtake(const Invalidation& what);
  // The same; `completion` then waits for each access that is under way.
  void overtake(const Invalidation& what, Completion& completion);

 private:
  Agenda& agenda_;
  static bool covers(const Invalidation& what, Va va, Tag tag);

  std::vector<Translation*> list_;
  std::vector<Merged*> handed_;  // given an entry, but not awake yet
  std::vector<Passage*> passages_;
};

// One thing that `completion` waited for has happened, at me.now().
void settle(Completion& completion, Agenda& agenda, Strand& me);

}  // namespace nestwalk
