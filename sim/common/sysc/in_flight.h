// What is under way on one vCPU: merging of misses to one page, and the one rule of concurrency: a
// walk overtaken by an invalidation that covers it may finish but must not fill a TLB or a walk
// cache. Invalidations are complete only when the accesses they have overtaken are (Arm: DSB after
// TLBI; x86: the IPI is taken between instructions). An access that has faulted, or that another's
// fault has undone, has not happened: nobody waits for it.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/address.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"
#include "common/sysc/agenda.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tlb.h"

namespace nestwalk {

// Counts what an invalidation still waits for, and wakes who waits.
struct Completion {
  Strand* waiting = nullptr;
  unsigned outstanding = 0;
};

// An access that sleeps until another's walk of its page is done, and what it is given then:
// the entry, or the fault, or neither: it has to look again for itself.
struct Merged {
  Strand* strand = nullptr;
  Access wanted{};
  std::optional<TlbEntry> entry{};
  Fault fault{};
};

// One walk, from its request to its end.
struct Translation {
  Va va{};
  Access wanted{};
  Tag tag{};
  std::vector<Invalidation> crossed{};  // while it read: those of TLB entries with its tag
  bool walks_overtaken = false;  // what it passes may not be kept: tables, addresses of stage 2
  std::vector<Merged*> merged{};

  // Whether an invalidation that covers `entry` has come since the walk began to read.
  bool overtaken(const TlbEntry& entry) const;
};

// An access from its issue until it has its data. It may use what it has been given by then.
struct Passage {
  Tag tag{};
  bool entered = false;
  std::vector<Completion*> completions{};  // invalidations that wait for it
};

class InFlight {
 public:
  explicit InFlight(Agenda& agenda) : agenda_(agenda) {}

  // The walk that an access to `va` may wait for, if any: same 4 KiB page, same tag, not overtaken
  // (what it finds may be out of date already).
  Translation* find(Va va, Tag tag) {
    for (Translation* other : list_)
      if (other->va.value >> 12 == va.value >> 12 && other->tag == tag && other->crossed.empty())
        return other;
    return nullptr;
  }
  void add(Translation& translation) { list_.push_back(&translation); }
  // Ends it and wakes those merged with it. They are given `entry`, or `fault` if they want what it
  // wanted; neither (nullptr, no fault): they look again.
  void end(Translation& translation, const TlbEntry* entry, const Fault& fault, Strand& me);
  // An access that was woken takes what it was given, if an invalidation has not taken it away
  // since.
  void take(Merged& merged);

  void enter(Passage& passage, Tag tag);
  // Settles the invalidations that waited for it. Does nothing if it has left already.
  void leave(Passage& passage, Strand& me);

  // Marks what `what` overtakes.
  void overtake(const Invalidation& what);
  // The same; `completion` then waits for each access of the tag that is under way. Which page it
  // will turn out to use is not known before its walk ends, so the address excuses none.
  void overtake(const Invalidation& what, Completion& completion);

 private:
  Agenda& agenda_;
  std::vector<Translation*> list_;
  std::vector<Merged*> handed_;  // given something, but not awake yet
  std::vector<Passage*> passages_;
};

// One thing that `completion` waited for has happened, at me.now().
void settle(Completion& completion, Agenda& agenda, Strand& me);

}  // namespace nestwalk
