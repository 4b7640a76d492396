// What is under way on one vCPU in time: merging of misses to one page, and who waits for whom.
// Invalidations are complete only when the accesses they have overtaken are (Arm: DSB after TLBI;
// x86: the IPI is taken between instructions). An access that has faulted, or that another's fault
// has undone, has not happened: nobody waits for it.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/address.h"
#include "common/mmu/vcpu_mmu.h"
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

// One walk, from its request to its end, and who waits for it.
struct Translation : WalkUnderWay {
  std::vector<Merged*> merged{};
};

// An access from its issue until it has its data. It may use what it has been given by then.
struct Passage {
  Tag tag{};
  bool entered = false;
  std::vector<Completion*> completions{};  // invalidations that wait for it
};

class InFlight {
 public:
  InFlight(Agenda& agenda, VcpuMmu& mmu) : agenda_(agenda), mmu_(mmu) {}

  // The walk that an access to `va` may wait for, if any: same 4 KiB page, same tag, not overtaken
  // (what it finds may be out of date already).
  Translation* find(Va va, Tag tag) {
    return static_cast<Translation*>(mmu_.find_walk([&](const WalkUnderWay& other) {
      return other.va.value >> 12 == va.value >> 12 && other.tag == tag && other.crossed.empty();
    }));
  }
  void add(Translation& translation) { mmu_.announce(translation); }
  // Ends it and wakes those merged with it. They are given `entry`, or `fault` if they want what it
  // wanted; neither (nullptr, no fault): they look again.
  void end(Translation& translation, const TlbEntry* entry, const Fault& fault, Strand& me);
  // An access that was woken takes what it was given, if an invalidation has not taken it away
  // since.
  void take(Merged& merged);

  void enter(Passage& passage, Tag tag);
  // Settles the invalidations that waited for it. Does nothing if it has left already.
  void leave(Passage& passage, Strand& me);

  // Invalidates in the vCPU's MMU, and marks what that overtakes.
  void invalidate(const Invalidation& what);
  // The same; `completion` then waits for each access of the tag that is under way. Which page it
  // will turn out to use is not known before its walk ends, so the address excuses none.
  void invalidate(const Invalidation& what, Completion& completion);
  // Executes an instruction; no walk is under way.
  void execute(const MmuInstruction& instruction, WalkPort& port);

 private:
  void take_back(const Invalidation& what);

  Agenda& agenda_;
  VcpuMmu& mmu_;
  std::vector<Merged*> handed_;  // given something, but not awake yet
  std::vector<Passage*> passages_;
};

// One thing that `completion` waited for has happened, at me.now().
void settle(Completion& completion, Agenda& agenda, Strand& me);

}  // namespace nestwalk
