// What KVM/arm64 answers to a stage-2 abort: pure functions of the abort, the slot and the host's
// page; the caller applies the answer under its lock. First abort_route(), from the slot alone; if
// it says `map`, the host's page is looked up, and page_answer() says what to do with it.
// Linux 6.12 to 7.3, arch/arm64/kvm/mmu.c: kvm_handle_guest_abort, user_mem_abort; rules of
// chapter 3.3 and 3.4. Left out: memory that is no RAM (PFNMAP), tags (MTE), guest_memfd.
#pragma once
#include <cstdint>

#include "common/host/host_pages.h"
#include "common/host/slots.h"

namespace nestwalk::arm64 {

enum class AbortStatus : std::uint8_t { translation, permission, access_flag };

struct Stage2Abort {
  Ipa ipa;
  AbortStatus status = AbortStatus::translation;
  std::uint8_t granule_lg2 = 12;   // permission: what the entry maps that denied the access
  bool instruction = false;        // EC says instruction abort
  bool write = false;              // WnR
  bool on_table_walk = false;      // S1PTW
  bool cache_maintenance = false;  // CM

  // kvm_is_write_fault, kvm_vcpu_trap_is_exec_fault: a walk that may not update a table is a write.
  bool is_write() const {
    if (on_table_walk) return status == AbortStatus::permission;
    return !instruction && write;
  }
  bool is_exec() const { return instruction && !on_table_walk; }
};

enum class AbortRoute : std::uint8_t {
  map,             // guest memory: look the page up
  make_young,      // set the access flag of the entry
  mmio,            // a device's: to user space
  external_abort,  // inject one: code or tables where there is no memory
  skip,            // cache maintenance where there is no memory: step over it
};
// 3.3, steps 6 to 8. A slot being deleted counts as none.
AbortRoute abort_route(const Stage2Abort& abort, const Slot* slot);

// The host's page and block sizes, lg2 bytes: 12, 21, 30 with 4K pages. No pud: 0.
struct HostSizes {
  std::uint8_t page = 12, pmd = 21, pud = 30;
};

struct Stage2Lookup {
  HostPage page;
  bool stale = false;  // Notifier::retry
  // The largest block wanted here, lg2; for a nested guest that of its hypervisor's leaf (3.4.2.4).
  std::uint8_t most_lg2 = 63;
  bool coherent_instructions = true;  // CTR_EL0.DIC: pages are executable without a fault
};

// 3.4.2 without its last step, alignment of addresses.
unsigned mapping_size_lg2(const Stage2Abort& abort, const Slot& slot, const Stage2Lookup& lookup,
                          const HostSizes& sizes);

enum class Stage2Act : std::uint8_t {
  map,    // put the entry in, in place of any other
  relax,  // add rights to the entry that is there (kvm_pgtable_stage2_relax_perms)
  retry,  // go back to the guest
  refuse  // KVM_RUN fails with EFAULT: the host's memory does not allow it
};

struct Stage2Answer {
  Stage2Act act = Stage2Act::retry;
  Ipa base{};
  Pa frame{};
  std::uint8_t size_lg2 = 12;
  bool writable = false, executable = false;
  bool marks_dirty = false;  // in the slot's log, if it has one
};

// 3.4.2, 3.4.3, 3.4.4. `lookup.page` was looked up for writing if abort.is_write().
Stage2Answer page_answer(const Stage2Abort& abort, const Slot& slot, const Stage2Lookup& lookup,
                         const HostSizes& sizes);

}  // namespace nestwalk::arm64
