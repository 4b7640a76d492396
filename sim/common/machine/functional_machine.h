// The machine without time: the same TLB arrays, walk caches, tables and walk as the timed one, one
// access after another. What the timed machine must agree with, and the yardstick of its speed.
#pragma once
#include <cstdint>
#include <memory>

#include "common/machine/virtual_machine.h"
#include "common/workload/access_source.h"

namespace nestwalk {

inline AccessType access_type(AccessKind kind) {
  static_assert(static_cast<int>(AccessKind::write) == static_cast<int>(AccessType::write) &&
                static_cast<int>(AccessKind::fetch) == static_cast<int>(AccessType::fetch));
  return static_cast<AccessType>(kind);
}

inline Access access_of(const MemoryAccess& access) {
  return {.type = access_type(access.kind), .user = access.user};
}

class FunctionalMachine {
 public:
  FunctionalMachine(const MachineSpec& spec, VirtualMachine& vm);

  // The physical address that the access reaches; faults are handled on the way.
  Pa translate(const MemoryAccess& access) {
    if (access.space != space_) enter(access.space);
    const Access wanted = access_of(access);
    Tlb& l1 = access.kind == AccessKind::fetch ? l1i_ : l1d_;
    const Tlb::Hit hit = l1.lookup(access.va, tag_);
    if (hit) [[likely]] {
      if (conflict_) [[unlikely]]
        check_conflict(l1, access.va, wanted);
      if (engine_->serves(hit.entry->attributes, wanted)) [[likely]]
        return hit.entry->translate(access.va);
      l1.drop(access.va, tag_);
    }
    return miss(access, wanted, l1);
  }

  std::uint64_t walks() const { return walks_; }
  std::uint64_t reads() const { return port_.reads(); }

 private:
  void enter(std::uint16_t space);
  Pa miss(const MemoryAccess& access, const Access& wanted, Tlb& l1);
  Pa miss_canonical(Va va, const Access& wanted, Tlb& l1);
  void check_conflict(const Tlb& tlb, Va va, const Access& wanted) const;

  VirtualMachine& vm_;
  std::unique_ptr<TranslationEngine> engine_;
  Tlb l1d_, l1i_, l2_;
  WalkCaches caches_;
  UntimedPort port_;
  UntimedSoftware software_;
  Tag tag_{};
  Fault conflict_{};  // what two entries for one address are; none: nothing
  std::uint32_t space_ = ~std::uint32_t{0};
  std::uint64_t walks_ = 0;
};

}  // namespace nestwalk
