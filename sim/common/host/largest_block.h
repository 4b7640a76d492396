// Where the entry of a whole block may stand in place of small ones: what page tables of 512
// entries can map at once of a slot's memory.
#pragma once
#include "common/host/host_pages.h"
#include "common/host/slots.h"

namespace nestwalk {

// lg2 bytes of the largest block (1G, 2M, else 4K) that begins at `at`, lies in the slot and in the
// host's page, and has congruent addresses on both sides (kvm_mmu_max_mapping_level, Linux 6.13).
inline unsigned largest_block_lg2(const Slot& slot, const HostPage& page, Ipa at) {
  for (const unsigned lg2 : {30u, 21u})
    if (at.offset(lg2) == 0 && page.size_lg2 >= lg2 && slot.allows_block(at, lg2)) return lg2;
  return 12;
}

}  // namespace nestwalk
