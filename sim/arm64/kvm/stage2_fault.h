// KVM arm64: a stage-2 translation fault of an ordinary guest: arch/arm64/kvm/mmu.c
// kvm_handle_guest_abort -> user_mem_abort -> kvm_pgtable_stage2_map, as of Linux 6.12 (spec 3.3,
// 3.4). Left out: MMIO, access-flag and permission faults, dirty logging, nested guests; faults
// take mmu_lock for reading in KVM, here one lock.
#pragma once
#include "common/cpu/cost_table.h"
#include "common/hyp/host_fault_path.h"

namespace nestwalk::arm64 {

// How guests with caches off, or DMA, see what the host has written to a page (spec 3.4.4, E_CMO).
enum class Coherency : std::uint8_t {
  cleaning,          // new pages are cleaned to the point of coherency
  forced_write_back  // FEAT_S2FWB: all accesses are cacheable
};

struct Stage2FaultCosts {
  explicit Stage2FaultCosts(const CostTable& table, Coherency coherency = Coherency::cleaning);
  Coherency coherency;
  Cycles abort_entry, save_context, read_fault, find_slot, get_host_page, zero_4k, lock_mmu,
      clean_4k, allocate_table, map_entry, unlock_mmu, restore_context, exception_return;
};

class Stage2FaultPath final : public HostFaultPath {
 public:
  explicit Stage2FaultPath(const CostTable& costs, Coherency coherency = Coherency::cleaning)
      : costs_(costs, coherency) {}
  void handle(Ipa ipa, HostVm& vm, Software& software) override;

 private:
  Stage2FaultCosts costs_;
};

// One fault being handled.
class Stage2Fault {
 public:
  enum class Step : std::uint8_t {
    abort_entry,    // the hardware's exception to EL2
    save_context,   // __guest_exit
    read_fault,     // ESR, FAR, HPFAR: __get_fault_info
    find_slot,      // gfn_to_memslot
    get_host_page,  // __kvm_faultin_pfn
    zero_page,      // clear_huge_page, when the host had no page there
    lock_mmu,       // read_lock(&kvm->mmu_lock)
    clean_page,     // stage2_map_walker_try_leaf -> clean_dcache_guest_page, without FEAT_S2FWB
    map_entry,      // kvm_pgtable_stage2_map, with the tables that are missing
    unlock_mmu,
    restore_context,  // __guest_enter
    exception_return,
    done
  };
  static constexpr Step first = Step::abort_entry;

  Stage2Fault(const Stage2FaultCosts& costs, Ipa ipa, HostVm& vm, Software& software)
      : costs_(costs), ipa_(ipa), vm_(vm), software_(software) {}
  Step advance(Step step);
  FaultEnd end() const { return {page_.page.size_lg2, spurious_}; }

 private:
  const Stage2FaultCosts& costs_;
  Ipa ipa_;
  HostVm& vm_;
  Software& software_;
  PlacedPage page_{};
  bool spurious_ = false;
};

}  // namespace nestwalk::arm64
