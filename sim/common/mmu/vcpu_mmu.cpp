#include "common/mmu/vcpu_mmu.h"

#include <algorithm>

namespace nestwalk {

VcpuMmu::VcpuMmu(const MachineSpec& spec, TranslationEngine& engine)
    : engine_(engine),
      tag_(engine.tag()),
      conflict_(engine.tlb_conflict()),
      l1d_(spec.l1d.arrays, spec.seed),
      l1i_(spec.l1i.arrays, spec.seed + 1),
      l2_(spec.l2.arrays, spec.seed + 2),
      walk_caches_(spec.walk_caches, spec.seed + 3) {}

void VcpuMmu::registers_written() {
  tag_ = engine_.tag();
  conflict_ = engine_.tlb_conflict();
  for (const Invalidation& what : engine_.take_invalidations()) drop(what);
}

void VcpuMmu::retire(WalkUnderWay& walk) {
  under_way_.erase(std::find(under_way_.begin(), under_way_.end(), &walk));
}

bool VcpuMmu::keep(const WalkUnderWay& walk, const WalkReply& reply) {
  if (reply.fault) return walk.overtaken();
  if (walk.overtaken(reply.entry)) return true;
  l2_.fill(reply.entry, walk.va);
  fill_l1(reply.entry, walk.va, walk.wanted);
  return false;
}

VcpuMmu::Translated VcpuMmu::translate(Va asked, const Access& access, WalkPort& port) {
  const Va va = engine_.cached_address(asked, access);
  Translated done;
  const auto from_tlb = [&](const Hit& hit, Served by) {
    done.served = by;
    if (hit.conflict) {
      done.reply.fault = conflict_;
      return true;
    }
    if (!hit) return false;
    done.reply.entry = *hit.entry;
    done.reply.pa = hit.entry->translate(va);
    return true;
  };
  if (from_tlb(look_in_l1(va, access), Served::l1_tlb)) return done;
  if (from_tlb(look_in_l2(va, access), Served::l2_tlb)) {
    if (!done.reply.fault) fill_l1(done.reply.entry, va, access);
    return done;
  }
  WalkUnderWay walk{va, access, tag_};
  announce(walk);
  port.reads_for(&walk);
  done.served = Served::walk;
  done.reply = engine_.walk(va, access, walk_caches_, port);
  keep(walk, done.reply);
  port.reads_for(nullptr);
  retire(walk);
  return done;
}

std::vector<Invalidation> VcpuMmu::execute(const MmuInstruction& instruction, WalkPort& port) {
  std::vector<Invalidation> invalidations = instruction(engine_, walk_caches_, port);
  tag_ = engine_.tag();
  conflict_ = engine_.tlb_conflict();
  for (const Invalidation& what : invalidations) invalidate(what);
  return invalidations;
}

void VcpuMmu::invalidate(const Invalidation& what) {
  drop(what);
  for (WalkUnderWay* walk : under_way_) walk->overtake(what);
}

void VcpuMmu::drop(const Invalidation& what) {
  l1d_.invalidate(what);
  l1i_.invalidate(what);
  l2_.invalidate(what);
  walk_caches_.invalidate(what);
}

void VcpuMmu::fault_taken(const Fault& fault, Va va) {
  for (const Invalidation& what : engine_.dropped_by_fault(fault, va)) drop(what);
}

bool VcpuMmu::empty() const {
  return l1d_.occupied() + l1i_.occupied() + l2_.occupied() + walk_caches_.stage1.occupied() +
             walk_caches_.stage2.occupied() + walk_caches_.stage2_tlb.occupied() +
             walk_caches_.stage1_tlb.occupied() ==
         0;
}

}  // namespace nestwalk
