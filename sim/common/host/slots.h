// The memory slots of a virtual machine: which memory of its host process stands behind which
// intermediate addresses. One set of slots is one address space of KVM's (x86 has a second one for
// system management mode). State only: what software unmaps and flushes when slots change is the
// caller's. Follows Linux 6.14, virt/kvm/kvm_main.c, kvm_set_memory_region and kvm_set_memslot.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "common/host/hva.h"

namespace nestwalk {

struct Slot {
  std::uint16_t id = 0;
  Ipa base;
  std::uint64_t bytes = 0;
  Hva hva;                 // where it begins in the host process
  bool read_only = false;  // the guest's stores are device accesses (KVM_MEM_READONLY)
  bool log_dirty = false;  // KVM_MEM_LOG_DIRTY_PAGES
  bool invalid = false;    // being deleted or moved: found by look-ups, but maps nothing any more

  bool holds(Ipa at) const { return at >= base && at - base < bytes; }
  Hva hva_of(Ipa at) const { return hva + (at - base); }
  Ipa ipa_of(Hva at) const { return base + (at - hva); }
  // Whether one entry of 2^size_lg2 bytes may map the aligned block around `at`: the slot's
  // intermediate and host-virtual addresses are congruent modulo its size, and all of the block
  // lies in the slot (x86: kvm_alloc_memslot_metadata; arm64: fault_supports_stage2_huge_mapping).
  bool allows_block(Ipa at, unsigned size_lg2) const;
};

// What user space asks for (struct kvm_userspace_memory_region). No bytes: delete the slot.
struct SlotRequest {
  std::uint16_t id = 0;
  Ipa base;
  std::uint64_t bytes = 0;
  Hva hva;
  bool read_only = false, log_dirty = false;
};

enum class SlotError : std::uint8_t {
  none,
  bad_id,        // beyond the last id (EINVAL)
  unaligned,     // base, size or host address is no multiple of the host's page (EINVAL)
  wraps,         // the range goes round the end of the address space (EINVAL)
  too_large,     // 2^31 pages or more: the dirty bitmap is indexed with 32 bits (EINVAL)
  out_of_reach,  // beyond the guest's addresses (x86: EINVAL; arm64: EFAULT)
  no_such_slot,  // nothing to delete (EINVAL)
  changed,       // an existing slot with another host address, size or read_only (EINVAL)
  overlap,       // with another slot (EEXIST)
};
std::string_view name_of(SlotError error);

enum class SlotChange : std::uint8_t { nothing, create, remove, move, flags };

struct SlotVerdict {
  SlotError error = SlotError::none;
  SlotChange change = SlotChange::nothing;  // when there is no error
};

struct SlotsSpec {
  std::uint8_t page_lg2 = 12;        // the host's page
  std::uint8_t address_bits = 52;    // of intermediate addresses
  std::uint16_t largest_id = 32763;  // x86: SHRT_MAX less three slots of KVM's own, from 0
  std::uint8_t generation_step = 1;  // how many address spaces share the numbers
  std::uint64_t first_generation = 0;
};

class Slots {
 public:
  explicit Slots(const SlotsSpec& spec = {}) : spec_(spec), generation_(spec.first_generation) {}

  // What a request would do, or why it is refused.
  SlotVerdict judge(const SlotRequest& request) const;
  // Does it. A slot to be deleted or moved is first marked invalid; then `unmap` is called with the
  // slot as it was, to unmap and flush it; then it is changed. `unmap` may take simulated time:
  // others see the invalid slot meanwhile.
  SlotVerdict set(
      const SlotRequest& request,
      const std::function<void(const Slot&)>& unmap = [](const Slot&) {});

  // The slot around an intermediate address, an invalid one too (gfn_to_memslot); null: none.
  const Slot* find(Ipa at) const;
  const Slot* with_id(std::uint16_t id) const;
  // What a range of host memory is to the guest, slot by slot: none, one or several ranges, for
  // slots may share host memory.
  struct Part {
    const Slot* slot;
    IpaRange range;
  };
  std::vector<Part> parts_of(const HvaRange& range) const;
  // In ascending order of addresses.
  const std::map<std::uint64_t, Slot>& all() const { return by_base_; }
  std::uint64_t bytes() const;
  unsigned page_lg2() const { return spec_.page_lg2; }

  // Grows with every set of slots that becomes the current one: by generation_step for a new slot
  // or other flags, by twice that for deletion and moving. Cached "no slot there" is stale from
  // then on.
  std::uint64_t generation() const { return generation_; }

 private:
  SlotError why_malformed(const SlotRequest& request) const;
  bool overlaps(const SlotRequest& request) const;
  void activated() { generation_ += spec_.generation_step; }
  void erase(std::uint16_t id);

  SlotsSpec spec_;
  std::map<std::uint64_t, Slot> by_base_;
  std::map<std::uint16_t, std::uint64_t> base_of_;  // by id
  std::uint64_t generation_;
};

}  // namespace nestwalk
