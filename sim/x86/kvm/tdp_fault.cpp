#include "x86/kvm/tdp_fault.h"

#include "common/cpu/step_machine.h"

namespace nestwalk::x86 {

TdpFaultCosts::TdpFaultCosts(const CostTable& table)
    : vm_exit(table.of("vm_exit")),
      dispatch(table.of("dispatch")),
      find_slot(table.of("find_slot")),
      get_host_page(table.of("get_host_page")),
      zero_4k(table.of("zero_4k")),
      lock_mmu(table.of("lock_mmu")),
      allocate_table(table.of("allocate_table")),
      map_entry(table.of("map_entry")),
      unlock_mmu(table.of("unlock_mmu")),
      vm_entry(table.of("vm_entry")) {}

TdpFault::Step TdpFault::advance(Step step) {
  switch (step) {
    case Step::vm_exit:
      software_.spend(costs_.vm_exit);
      return Step::dispatch;
    case Step::dispatch:
      software_.spend(costs_.dispatch);
      return Step::find_slot;
    case Step::find_slot:
      software_.spend(costs_.find_slot);
      return Step::get_host_page;
    case Step::get_host_page: {
      software_.spend(costs_.get_host_page);
      if (const auto mapped = vm_.mapping(ipa_)) {  // another vCPU was first
        page_.page.size_lg2 = mapped->size_lg2;
        spurious_ = true;
        return Step::vm_entry;
      }
      page_ = host_page_for(ipa_, vm_);
      return page_.fresh_lg2 ? Step::zero_page : Step::lock_mmu;
    }
    case Step::zero_page:
      software_.spend(costs_.zero_4k << (page_.fresh_lg2 - 12));
      return Step::lock_mmu;
    case Step::lock_mmu:
      software_.lock(LockId::host_mmu);
      software_.spend(costs_.lock_mmu);
      return Step::map_entry;
    case Step::map_entry:
      software_.spend(costs_.map_entry);
      spurious_ = !map_host_page(page_, vm_, software_, costs_.allocate_table);
      return Step::unlock_mmu;
    case Step::unlock_mmu:
      software_.spend(costs_.unlock_mmu);
      software_.unlock(LockId::host_mmu);
      return Step::vm_entry;
    case Step::vm_entry:
      software_.spend(costs_.vm_entry);
      return Step::done;
    case Step::done:
      break;
  }
  return Step::done;
}

void TdpFaultPath::handle(Ipa ipa, HostVm& vm, Software& software) {
  software.enter(Side::host);
  TdpFault fault(costs_, ipa, vm, software);
  run_steps(fault);
  software.leave(Side::host, fault.end());
}

}  // namespace nestwalk::x86
