// What KVM's TDP MMU answers to a violation of the second stage of an ordinary guest: pure
// functions of the fault, the slot, the host's page and the entry found; the caller applies the
// answer under its lock. In the order in which KVM asks: a reserved bit (mmio_answer), the lockless
// path (fast_answer), the slot (slot_answer), the page (page_answer). Linux 6.1 to 7.3,
// arch/x86/kvm/mmu: kvm_mmu_page_fault, fast_page_fault, kvm_mmu_faultin_pfn,
// kvm_mmu_hugepage_adjust, tdp_mmu_map_handle_target_level, make_spte. Left out: private memory,
// access tracking without A/D flags, write tracking for nested tables.
#pragma once
#include <optional>

#include "common/host/host_pages.h"
#include "common/host/slots.h"

namespace nestwalk::x86 {

struct TdpViolation {
  Ipa gpa;
  bool write = false, fetch = false;
  bool present = false;   // the entry was, and denied the access
  bool reserved = false;  // #NPF with RSVD, EPT misconfiguration: an MMIO entry was met
  bool prefetch = false;  // nobody has accessed it (KVM_PRE_FAULT_MEMORY)
};

// The entry that decides about an address, as KVM sees it.
struct TdpEntry {
  enum class Kind : std::uint8_t { none, mmio, page };
  Kind kind = Kind::none;
  Pa frame;
  std::uint8_t size_lg2 = 12;
  bool writable = false, executable = false, accessed = false, dirty = false;
  bool host_writable = false;    // the process may write
  bool mmu_writable = false;     // nothing but dirty logging keeps W clear
  std::uint64_t generation = 0;  // of the slots, when the MMIO entry was made
  bool operator==(const TdpEntry&) const = default;
};

// How kernels and set-ups differ.
struct TdpTraits {
  bool nx_huge_pages = false;   // iTLB multihit mitigation
  bool mmio_caching = true;     // entries for addresses without a slot (K-98)
  std::uint8_t mmio_bits = 51;  // of addresses that such an entry can hold (K-103)
  // 6.14 on: W never without D. Before, an entry that replaced one with W got no D (D-13).
  bool dirty_with_write = true;
  // 6.16 on: a present entry that allows the access is left alone (D-11.1).
  bool leaves_what_serves = true;
};

enum class TdpAct : std::uint8_t {
  map,       // put the entry in; `splits`: in place of a larger one, which becomes a table first
  fix,       // fast path: the same entry with W, by one exchange
  spurious,  // the entry serves the access already
  retry,     // go back to the guest, which will fault again if need be
  emulate,   // device access: to user space
  cache_and_emulate,  // the same, and put the MMIO entry in
};

struct TdpAnswer {
  TdpAct act = TdpAct::retry;
  Ipa base{};                // of what the entry maps
  TdpEntry entry{};          // map, fix, cache_and_emulate
  bool marks_dirty = false;  // the page, in the slot's log
  bool splits = false;
  bool for_nx = false;  // a larger entry was possible, but for execution (nx_lpage_splits)
};

// K-104. Only for violations with `reserved`. Nothing: the slots have changed since the entry was
// made, go on.
std::optional<TdpAnswer> mmio_answer(const TdpViolation& fault, const TdpEntry& found,
                                     std::uint64_t generation);
// K-110. Nothing: cannot be mended here, go on.
std::optional<TdpAnswer> fast_answer(const TdpViolation& fault, const TdpEntry& found,
                                     const Slot* slot);
// K-103, K-106. Nothing: look the host's page up, for writing if `write`, and go on.
std::optional<TdpAnswer> slot_answer(const TdpViolation& fault, const Slot* slot,
                                     std::uint64_t generation, const TdpTraits& traits);

// What was looked up without the lock, and what holds now under it.
struct TdpLookup {
  HostPage page;
  bool stale = false;          // Notifier::retry
  std::uint8_t most_lg2 = 30;  // no larger entry: a table stands there for execution's sake (K-46)
};
// The size of the entry: K-46, D-10.1.
unsigned entry_size_lg2(const TdpViolation& fault, const Slot& slot, const TdpLookup& lookup,
                        const TdpTraits& traits);
// D-10, D-11, D-13.
TdpAnswer page_answer(const TdpViolation& fault, const Slot& slot, const TdpLookup& lookup,
                      const TdpEntry& found, const TdpTraits& traits);

}  // namespace nestwalk::x86
