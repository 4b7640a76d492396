// KVM x86: a violation of the second stage (EPT violation, #NPF) of an ordinary guest, handled by
// the TDP MMU: arch/x86/kvm/mmu/mmu.c kvm_mmu_page_fault -> kvm_tdp_page_fault ->
// kvm_tdp_mmu_page_fault, as of Linux 6.12 (spec D-rules, C-14). Left out: dirty logging, MMIO,
// fast page faults, huge-page recovery; faults take mmu_lock for reading in KVM, here one lock.
#pragma once
#include "common/cpu/cost_table.h"
#include "common/hyp/host_fault_path.h"

namespace nestwalk::x86 {

struct TdpFaultCosts {
  explicit TdpFaultCosts(const CostTable& table);
  Cycles vm_exit, dispatch, find_slot, get_host_page, zero_4k, lock_mmu, allocate_table, map_entry,
      unlock_mmu, vm_entry;
};

class TdpFaultPath final : public HostFaultPath {
 public:
  explicit TdpFaultPath(const CostTable& costs) : costs_(costs) {}
  void handle(Ipa ipa, HostVm& vm, Software& software) override;

 private:
  TdpFaultCosts costs_;
};

// One fault being handled.
class TdpFault {
 public:
  enum class Step : std::uint8_t {
    vm_exit,        // the hardware's transition
    dispatch,       // vmx_handle_exit / svm_handle_exit
    find_slot,      // kvm_vcpu_gfn_to_memslot
    get_host_page,  // kvm_faultin_pfn -> __gfn_to_pfn_memslot
    zero_page,      // clear_huge_page, when the host had no page there
    lock_mmu,       // read_lock(&kvm->mmu_lock)
    map_entry,      // kvm_tdp_mmu_map, with the tables that are missing
    unlock_mmu,
    vm_entry,
    done
  };
  static constexpr Step first = Step::vm_exit;

  TdpFault(const TdpFaultCosts& costs, Ipa ipa, HostVm& vm, Software& software)
      : costs_(costs), ipa_(ipa), vm_(vm), software_(software) {}
  Step advance(Step step);
  FaultEnd end() const { return {page_.page.size_lg2, spurious_}; }

 private:
  const TdpFaultCosts& costs_;
  Ipa ipa_;
  HostVm& vm_;
  Software& software_;
  PlacedPage page_{};
  bool spurious_ = false;
};

}  // namespace nestwalk::x86
