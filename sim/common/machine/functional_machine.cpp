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
  for (const Invalidation& one : engine_->take_invalidations()) {
    l1d_.invalidate(one);
    l1i_.invalidate(one);
    l2_.invalidate(one);
    caches_.invalidate(one);
  }
}

Pa FunctionalMachine::miss(const MemoryAccess& access, const Access& wanted, Tlb& l1) {
  const Tlb::Hit hit = l2_.lookup(access.va, tag_);
  if (hit) {
    if (engine_->serves(hit.entry->attributes, wanted)) {
      l1.fill(*hit.entry, access.va);
      return hit.entry->translate(access.va);
    }
    l2_.drop(access.va, tag_);
  }
  for (;;) {
    ++walks_;
    const WalkReply reply = engine_->walk(access.va, wanted, caches_, port_);
    if (!reply.fault) {
      l2_.fill(reply.entry, access.va);
      l1.fill(reply.entry, access.va);
      return reply.pa;
    }
    vm_.handle(reply.fault, static_cast<std::uint16_t>(space_), access.va, wanted, *engine_,
               software_);
  }
}

}  // namespace nestwalk
