#include "common/host/host_vm.h"

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/base/user_error.h"

namespace nestwalk {

std::uint64_t HostTableIo::allocate_table(unsigned size_lg2) {
  const unsigned lg2 =
      size_lg2 < FrameAllocator::smallest_lg2 ? FrameAllocator::smallest_lg2 : size_lg2;
  const auto frame = frames_.allocate(lg2);
  if (!frame)
    throw UserErrors(UserError{"", 0, "host.memory", "host memory ran out while making a table"});
  software_.spend(table_cost_);
  made_bytes_ += one(lg2);
  return *frame;
}

void HostTableIo::free_table(std::uint64_t at, unsigned size_lg2) {
  memory_.clear_frame(Pa{at});
  frames_.free(at,
               size_lg2 < FrameAllocator::smallest_lg2 ? FrameAllocator::smallest_lg2 : size_lg2);
}

std::optional<Mapping> HostVm::mapping(Ipa ipa) const {
  UntimedSoftware at_once(memory);
  HostTableIo io(const_cast<FrameAllocator&>(frames), memory, at_once, 0);
  return tables->lookup(ipa.value, io);
}

SlotError HostVm::add_ram(const GuestRam& ram) {
  const SlotVerdict verdict = slots.judge(ram.slot);
  if (verdict.error != SlotError::none) return verdict.error;
  NW_CHECK(verdict.change == SlotChange::create, "slot {} exists", ram.slot.id);
  backing.add_area({{ram.slot.hva, ram.slot.bytes}, ram.policy, ram.hugetlb_lg2});
  return set_slot(ram.slot).error;
}

SlotVerdict HostVm::set_slot(const SlotRequest& request,
                             const std::function<void(const Slot&)>& unmap) {
  const SlotVerdict verdict = slots.set(request, unmap);
  if (verdict.error != SlotError::none) return verdict;
  const Slot* slot = slots.with_id(request.id);
  if (!slot || !slot->log_dirty)
    dirty_logs.erase(request.id);
  else
    dirty_logs.try_emplace(request.id, slot->bytes >> slots.page_lg2());
  return verdict;
}

void HostVm::mark_dirty(Ipa ipa) {
  const Slot* slot = slots.find(ipa);
  const auto log = slot ? dirty_logs.find(slot->id) : dirty_logs.end();
  if (log != dirty_logs.end()) log->second.mark((ipa - slot->base) >> slots.page_lg2());
}

// kvm_mmu_notifier_invalidate_range_start and _end, around the host's own change (mm/memory.c).
bool HostVm::change_host(const HvaRange& range, const std::function<void(const IpaRange&)>& unmap,
                         const std::function<bool(Backing&)>& change) {
  const auto parts = slots.parts_of(backing.changed_by(range));
  if (parts.empty()) return change(backing);  // nothing that the guest could see
  notifier.begin();
  for (const Slots::Part& part : parts) {
    notifier.add_range(part.range);
    unmap(part.range);
  }
  const bool changed = change(backing);
  notifier.end();
  return changed;
}

unsigned mapped_at_once_lg2(const PageTables& stage2, unsigned block_lg2) {
  const unsigned leaf = stage2.leaf_for(block_lg2), run = stage2.run_lg2(leaf);
  return run && block_lg2 >= run ? run : leaf;
}

namespace {

// The largest entry that a page of this size, and the slot around `ipa`, allow (allows_block).
unsigned entry_lg2(const PageTables& stage2, const Slot& slot, Ipa ipa, unsigned page_lg2) {
  unsigned lg2 = mapped_at_once_lg2(stage2, page_lg2);
  while (lg2 > stage2.leaf_sizes().front() && !slot.allows_block(ipa, lg2))
    lg2 = mapped_at_once_lg2(stage2, lg2 - 1);
  return lg2;
}

}  // namespace

PlacedPage host_page_for(Ipa ipa, HostVm& vm) {
  const Slot* slot = vm.slots.find(ipa);
  NW_CHECK(slot && !slot->invalid, "no slot around {:#x}", ipa.value);
  const Touched touched = vm.backing.touch(slot->hva_of(ipa), true);
  if (touched.end == TouchEnd::out_of_memory)
    throw UserErrors(UserError{"", 0, "host.memory",
                               "host memory ran out: no page left to back guest memory with"});
  NW_CHECK(touched, "nothing stands behind {:#x}", ipa.value);
  vm.counts.fallbacks += touched.fell_back;
  const HostPage& page = touched.page;
  const auto lg2 = static_cast<std::uint8_t>(entry_lg2(*vm.tables, *slot, ipa, page.size_lg2));
  const Pa frame = page.frame + (slot->hva_of(ipa).aligned(lg2) - page.base);
  return {ipa.aligned(lg2).value, {frame.value, lg2, touched.fell_back}, touched.fresh_lg2};
}

bool map_host_page(const PlacedPage& placed, HostVm& vm, Software& software, Cycles table_cost) {
  if (vm.mapping(Ipa{placed.base})) return false;
  // The host has taken the page away since it was looked up.
  const Grant behind = vm.grant(Ipa{placed.base});
  if (behind.kind != Grant::Kind::page || behind.pa != Pa{placed.page.frame}) return false;
  HostTableIo io(vm.frames, vm.memory, software, table_cost);
  io.watched_by(vm.watch.get());
  // KVM maps guest memory readable, writable and executable, with flags preset where hardware would
  // set them (spte.c make_spte; pgtable.c stage2_set_prot_attr).
  vm.tables->map(placed.base, placed.page.frame, placed.page.size_lg2, MapRights{.dirty = true},
                 io);
  vm.table_bytes += io.made_bytes();
  vm.counts.mapped_bytes += one(placed.page.size_lg2);
  ++vm.counts.pages_by_lg2[placed.page.size_lg2];
  return true;
}

}  // namespace nestwalk
