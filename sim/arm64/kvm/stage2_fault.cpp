#include "arm64/kvm/stage2_fault.h"

#include "common/cpu/step_machine.h"

namespace nestwalk::arm64 {

Stage2FaultCosts::Stage2FaultCosts(const CostTable& table, Coherency how)
    : coherency(how),
      abort_entry(table.of("abort_entry")),
      save_context(table.of("save_context")),
      read_fault(table.of("read_fault")),
      find_slot(table.of("find_slot")),
      get_host_page(table.of("get_host_page")),
      zero_4k(table.of("zero_4k")),
      lock_mmu(table.of("lock_mmu")),
      clean_4k(table.of("clean_4k")),
      allocate_table(table.of("allocate_table")),
      map_entry(table.of("map_entry")),
      unlock_mmu(table.of("unlock_mmu")),
      restore_context(table.of("restore_context")),
      exception_return(table.of("exception_return")) {}

Stage2Fault::Step Stage2Fault::advance(Step step) {
  switch (step) {
    case Step::abort_entry:
      software_.spend(costs_.abort_entry);
      return Step::save_context;
    case Step::save_context:
      software_.spend(costs_.save_context);
      return Step::read_fault;
    case Step::read_fault:
      software_.spend(costs_.read_fault);
      return Step::find_slot;
    case Step::find_slot:
      software_.spend(costs_.find_slot);
      return Step::get_host_page;
    case Step::get_host_page: {
      software_.spend(costs_.get_host_page);
      if (const auto mapped = vm_.mapping(ipa_)) {  // another vCPU was first
        page_.page.size_lg2 = mapped->size_lg2;
        spurious_ = true;
        return Step::restore_context;
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
      return costs_.coherency == Coherency::cleaning ? Step::clean_page : Step::map_entry;
    case Step::clean_page:  // of what is about to be entered
      if (!vm_.mapping(Ipa{page_.base}))
        software_.spend(costs_.clean_4k << (page_.page.size_lg2 - 12));
      return Step::map_entry;
    case Step::map_entry:
      software_.spend(costs_.map_entry);
      spurious_ = !map_host_page(page_, vm_, software_, costs_.allocate_table);
      return Step::unlock_mmu;
    case Step::unlock_mmu:
      software_.spend(costs_.unlock_mmu);
      software_.unlock(LockId::host_mmu);
      return Step::restore_context;
    case Step::restore_context:
      software_.spend(costs_.restore_context);
      return Step::exception_return;
    case Step::exception_return:
      software_.spend(costs_.exception_return);
      return Step::done;
    case Step::done:
      break;
  }
  return Step::done;
}

void Stage2FaultPath::handle(Ipa ipa, HostVm& vm, Software& software) {
  software.enter(Side::host);
  Stage2Fault fault(costs_, ipa, vm, software);
  run_steps(fault);
  software.leave(Side::host, fault.end());
}

}  // namespace nestwalk::arm64
