// The machine without time: the same TLB arrays, walk caches, tables and walk as the timed one, one
// access after another. What the timed machine must agree with, and the yardstick of its speed.
#pragma once
#include <cstdint>
#include <memory>

#include "common/machine/virtual_machine.h"
#include "common/mmu/vcpu_mmu.h"
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
    // TLBs know no address with a tag in it: such a one always misses here.
    if (const VcpuMmu::Hit hit = mmu_.look_in_l1(access.va, wanted)) [[likely]]
      return hit.entry->translate(access.va);
    return miss(access.va, wanted);
  }

  std::uint64_t walks() const { return walks_; }
  std::uint64_t reads() const { return port_.reads(); }

 private:
  void enter(std::uint16_t space);
  Pa miss(Va va, const Access& wanted);

  VirtualMachine& vm_;
  std::unique_ptr<TranslationEngine> engine_;
  VcpuMmu mmu_;
  UntimedPort port_;
  UntimedSoftware software_;
  std::uint32_t space_ = ~std::uint32_t{0};
  std::uint64_t walks_ = 0;
};

}  // namespace nestwalk
