// Invalidations that no instruction names: VM entry and exit, faults, AMD's TLB_CONTROL field (SDM
// vol. 3, 5.10.4.1, 30.4.3.1, 30.4.3.3; APM vol. 2, 15.16.2).
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tag.h"

namespace nestwalk::x86 {

// VM entry or VM exit; `vpid_enabled`: the guest has a VPID of its own.
std::vector<Invalidation> vm_transition(bool vpid_enabled);
// #PF at `va`, translated under `tag`: so that the retry reads memory.
std::vector<Invalidation> page_fault_invalidation(Va va, Tag tag);
// EPT violation for guest-physical `ipa` on the way to `va`, translated under `tag`.
std::vector<Invalidation> ept_violation_invalidation(Ipa ipa, Va va, Tag tag);

enum class TlbControl : std::uint8_t {
  none = 0,
  all_asids = 1,
  this_asid = 3,
  this_asid_non_global = 7,
};
std::vector<Invalidation> vmrun_invalidation(TlbControl control, std::uint16_t asid);

}  // namespace nestwalk::x86
