#include "common/machine/functional_machine.h"

namespace nestwalk {

FunctionalMachine::FunctionalMachine(const MachineSpec& spec, VirtualMachine& vm)
    : vm_(vm),
      engine_(vm.make_engine()),
      l1d_(spec.l1d.arrays, spec.seed),
      l1i_(spec.l1i.arrays, spec.seed + 1),
      l2_(spec.l2.arrays, spec.seed + 2),
      caches_(spec.walk_caches, spec.seed + 3),
      port_(vm.physical()),
      software_(vm.physical()) {}

void FunctionalMachine::enter(std::uint16_t space) {
  vm_.enter_space(*engine_, space);
  space_ = space;
  tag_ = engine_->tag();
  conflict_ = engine_->tlb_conflict();
  for (const Invalidation& one : engine_->take_invalidations()) {
    l1d_.invalidate(one);
    l1i_.invalidate(one);
    l2_.invalidate(one);
    caches_.invalidate(one);
  }
}

void FunctionalMachine::check_conflict(const Tlb& tlb, Va va, const Access& wanted) const {
  if (tlb.conflict(va, tag_)) vm_.refuse(conflict_, va, wanted, *engine_);
}

// TLBs know no address with a tag in it: such a one always comes here first.
Pa FunctionalMachine::miss(const MemoryAccess& access, const Access& wanted, Tlb& l1) {
  const Va va = engine_->cached_address(access.va, wanted);
  if (va == access.va) return miss_canonical(va, wanted, l1);
  MemoryAccess canonical = access;
  canonical.va = va;
  return translate(canonical);
}

Pa FunctionalMachine::miss_canonical(Va va, const Access& wanted, Tlb& l1) {
  const Tlb::Hit hit = l2_.lookup(va, tag_);
  if (hit) {
    if (conflict_) check_conflict(l2_, va, wanted);
    if (engine_->serves(hit.entry->attributes, wanted)) {
      l1.fill(*hit.entry, va);
      return hit.entry->translate(va);
    }
    l2_.drop(va, tag_);
  }
  for (;;) {
    ++walks_;
    const WalkReply reply = engine_->walk(va, wanted, caches_, port_);
    if (!reply.fault) {
      l2_.fill(reply.entry, va);
      l1.fill(reply.entry, va);
      return reply.pa;
    }
    vm_.handle(reply.fault, static_cast<std::uint16_t>(space_), va, wanted, *engine_, software_);
  }
}

}  // namespace nestwalk
