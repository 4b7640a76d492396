// All that can spare a walk some of its reads: one walk cache per stage, the stage-2 TLB, and the
// stage-1 TLB.
#pragma once
#include <vector>

#include "common/tlb/invalidation.h"
#include "common/tlb/stage2_tlb.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_cache.h"

namespace nestwalk {

struct WalkCachesSpec {
  std::vector<WalkCacheLevelSpec> stage1, stage2;
  // Whether a stage-1 entry also holds the physical address of its table, and so spares the second
  // stage too (x86: combined paging-structure caches, SDM 28.3.1), or only the intermediate one.
  bool stage1_holds_physical = true;
  ArraySpec stage2_tlb;
  // Of two stages: what stage 1 alone gives, virtual to intermediate. Only where the architecture
  // lets processors hold that (Arm; not x86: SDM 28.3.1 has no linear mappings beside combined
  // ones).
  std::vector<TlbArraySpec> stage1_tlb{};
};

struct WalkCaches {
  WalkCaches(const WalkCachesSpec& spec, std::uint64_t seed)
      : stage1(spec.stage1, seed),
        stage2(spec.stage2, seed + 1),
        stage2_tlb(spec.stage2_tlb, seed + 2),
        stage1_tlb(spec.stage1_tlb, seed + 3),
        stage1_holds_physical(spec.stage1_holds_physical) {}

  WalkCache stage1, stage2;
  Stage2Tlb stage2_tlb;
  Tlb stage1_tlb;  // an entry's frame is an intermediate address
  bool stage1_holds_physical;

  void invalidate(const Invalidation& what) {
    stage1.invalidate(what, what.stage1_walks, what.va);
    Invalidation second = what;  // second-stage tables belong to no address space
    second.space.reset();
    stage2.invalidate(second, what.stage2_walks, what.ipa);
    stage2_tlb.invalidate(what);
    if (stage1_tlb.exists()) stage1_tlb.invalidate(what);
  }
};

}  // namespace nestwalk
