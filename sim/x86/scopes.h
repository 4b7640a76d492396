// The building blocks of x86 invalidations: what part of the linear and combined mappings goes.
// Tags: space = PCID, vm = VPID or ASID, root = EPT root, regime as in engine.h. Linear and
// combined mappings differ only in root and regime, so leaving both open means "whatever the
// EP4TA".
#pragma once
#include <cstdint>

#include "common/base/address.h"
#include "common/tlb/invalidation.h"

namespace nestwalk::x86 {

// Everything that the virtual processor `vm` has cached, globals included.
inline Invalidation all_of_vm(std::uint16_t vm) {
  Invalidation what;
  what.final_entries = true;
  what.stage1_walks = Invalidation::Walks::all;
  what.vm = vm;
  return what;
}
inline Invalidation non_global_of_vm(std::uint16_t vm) {
  Invalidation what = all_of_vm(vm);
  what.globals = false;
  return what;
}
inline Invalidation all_of_pcid(std::uint16_t vm, std::uint16_t pcid) {
  Invalidation what = all_of_vm(vm);
  what.space = pcid;
  return what;
}
inline Invalidation non_global_of_pcid(std::uint16_t vm, std::uint16_t pcid) {
  Invalidation what = non_global_of_vm(vm);
  what.space = pcid;
  return what;
}
inline AddressRange only(std::uint64_t address) { return {address, address}; }

}  // namespace nestwalk::x86
