// One vCPU's MMU without time: TLBs, walk caches, the engine that walks, and the walks under way.
// The timed machine, the functional one and the tests' worlds are shells around it: they differ in
// the port that a walk reads through, and in what they do between a look-up and the walk.
#pragma once
#include <functional>
#include <vector>

#include "common/mmu/engine.h"
#include "common/mmu/machine_spec.h"
#include "common/mmu/walk_under_way.h"
#include "common/probe/events.h"

namespace nestwalk {

// What one instruction does to the translation hardware: writes registers, perhaps reads memory
// through `port` (x86: PDPTEs), and gives back what it invalidates on this vCPU. The architectures
// have functions for theirs (x86/instructions.h).
using MmuInstruction =
    std::function<std::vector<Invalidation>(TranslationEngine&, WalkCaches&, WalkPort& port)>;

class VcpuMmu {
 public:
  // Of `spec`: the TLBs' arrays, the walk caches and the seed. `engine` outlives the VcpuMmu.
  VcpuMmu(const MachineSpec& spec, TranslationEngine& engine);

  // To be called when the engine's registers have been written from outside: takes over the tag,
  // and drops what the change itself invalidates.
  void registers_written();
  Tag tag() const { return tag_; }
  TranslationEngine& engine() { return engine_; }
  const TranslationEngine& engine() const { return engine_; }
  WalkCaches& walk_caches() { return walk_caches_; }

  // A TLB entry that serves the access; none: `entry` is null. `conflict`: more than one entry maps
  // the address, and the access takes that fault.
  struct Hit {
    const TlbEntry* entry = nullptr;
    unsigned extra_probes = 0;  // page sizes tried after the first
    bool conflict = false;
    explicit operator bool() const { return entry; }
  };
  // `va` without a top byte that translation ignores (TranslationEngine::cached_address). An entry
  // that does not serve the access (too few rights, a dirty flag to set) is dropped: a walk tells.
  Hit look_in_l1(Va va, const Access& access) { return look_in(l1_for(access), va, access); }
  Hit look_in_l2(Va va, const Access& access) { return look_in(l2_, va, access); }
  // How many page sizes an L2 look-up tries after the first.
  unsigned extra_l2_probes(Va va) { return l2_.lookup(va, tag_).extra_probes; }
  void fill_l1(const TlbEntry& entry, Va va, const Access& access) {
    l1_for(access).fill(entry, va);
  }

  // Walks that others may act beside are announced from their request to their end.
  void announce(WalkUnderWay& walk) { under_way_.push_back(&walk); }
  void retire(WalkUnderWay& walk);
  // The first announced walk that `wanted(walk)` accepts; null: none.
  template <class Wanted>
  WalkUnderWay* find_walk(Wanted wanted) {
    for (WalkUnderWay* walk : under_way_)
      if (wanted(*walk)) return walk;
    return nullptr;
  }
  // What the walk has come to goes into the TLBs unless it was overtaken; says whether it was.
  bool keep(const WalkUnderWay& walk, const WalkReply& reply);

  // An access from beginning to end: TLBs, a walk, fills. Others may act whenever `port` lets them.
  struct Translated {
    WalkReply reply{};
    Served served = Served::l1_tlb;
  };
  Translated translate(Va va, const Access& access, WalkPort& port);

  // Executes an instruction, and gives back what it has invalidated. The caller sees to it that no
  // walk is under way.
  std::vector<Invalidation> execute(const MmuInstruction& instruction, WalkPort& port);
  // What an invalidation removes from the arrays, and from what walks under way will fill.
  void invalidate(const Invalidation& what);
  // What hardware drops on its own from the arrays.
  void drop(const Invalidation& what);
  // The fault is taken: hardware drops what would make a retry meet it again.
  void fault_taken(const Fault& fault, Va va);
  bool empty() const;  // nothing is cached

 private:
  Tlb& l1_for(const Access& access) { return access.type == AccessType::fetch ? l1i_ : l1d_; }
  Hit look_in(Tlb& tlb, Va va, const Access& access) {
    const Tlb::Hit hit = tlb.lookup(va, tag_);
    if (!hit) return {nullptr, hit.extra_probes, false};
    if (conflict_ && tlb.conflict(va, tag_)) [[unlikely]]
      return {nullptr, hit.extra_probes, true};
    if (engine_.serves(hit.entry->attributes, access)) [[likely]]
      return {hit.entry, hit.extra_probes, false};
    tlb.drop(va, tag_);
    return {nullptr, hit.extra_probes, false};
  }

  TranslationEngine& engine_;
  Tag tag_{};
  Fault conflict_{};  // what two entries for one address are; none: nothing
  Tlb l1d_, l1i_, l2_;
  WalkCaches walk_caches_;
  std::vector<WalkUnderWay*> under_way_;
};

}  // namespace nestwalk
