// A walk from its request to its end, and what invalidations have done to it meanwhile. The one
// rule of concurrency: a walk overtaken by an invalidation that covers what it would fill may
// finish, but must not fill a TLB, a walk cache or the stage-2 TLB.
#pragma once
#include <algorithm>
#include <vector>

#include "common/base/address.h"
#include "common/paging/access.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tlb.h"

namespace nestwalk {

// Whether `what` may concern entries of this tag. Global ones are not known as such before the walk
// ends, so that the address space does not excuse a walk when global entries are meant.
inline bool may_concern(const Invalidation& what, Tag tag) {
  return what.selects(tag, false) || (what.globals && what.selects(tag, true));
}

inline bool removes_walks(const Invalidation& what) {
  return what.stage1_walks != Invalidation::Walks::none ||
         what.stage2_walks != Invalidation::Walks::none || what.second_stage;
}

struct WalkUnderWay {
  Va va{};
  Access wanted{};
  Tag tag{};
  std::vector<Invalidation> crossed{};  // while it read: those of TLB entries with its tag
  bool walks_overtaken = false;  // what it passes may not be kept: tables, addresses of stage 2

  // It reads what the tables hold from now on.
  void begin_reading() {
    crossed.clear();
    walks_overtaken = false;
  }
  void overtake(const Invalidation& what) {
    if (!may_concern(what, tag)) return;
    if (what.final_entries) crossed.push_back(what);
    walks_overtaken |= removes_walks(what);
  }
  // Whether an invalidation that covers `entry` has come since the walk began to read.
  bool overtaken(const TlbEntry& entry) const {
    return std::any_of(crossed.begin(), crossed.end(),
                       [&](const Invalidation& what) { return covers(what, entry); });
  }
  // The same for a walk that has met a fault: what a TLB would hold of a page that was not found.
  bool overtaken() const {
    TlbEntry page;
    page.page = va.aligned(page.size_lg2);
    page.tag = tag;
    return overtaken(page);
  }
};

}  // namespace nestwalk
