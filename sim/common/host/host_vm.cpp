#include "common/host/host_vm.h"

#include "common/base/bits.h"
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

bool HostVm::backing(Ipa ipa, Pa& pa) const {
  const auto found = mapping(ipa);
  if (!found) return false;
  pa = Pa{found->out + ipa.offset(found->size_lg2)};
  return true;
}

unsigned mapped_at_once_lg2(const PageTables& stage2, unsigned block_lg2) {
  const unsigned leaf = stage2.leaf_for(block_lg2), run = stage2.run_lg2(leaf);
  return run && block_lg2 >= run ? run : leaf;
}

PlacedPage host_page_for(Ipa ipa, HostVm& vm) {
  UntimedSoftware at_once(vm.memory);
  HostTableIo io(vm.frames, vm.memory, at_once, 0);
  const auto placed = vm.placer->place({ipa.value, 0, vm.slot_bytes - 1, [&](unsigned size_lg2) {
                                          return vm.tables->vacant(ipa.value, size_lg2, io);
                                        }});
  if (!placed)
    throw UserErrors(UserError{"", 0, "host.memory",
                               "host memory ran out: no page left to back guest memory with"});
  return *placed;
}

bool map_host_page(const PlacedPage& placed, HostVm& vm, Software& software, Cycles table_cost) {
  if (!vm.placer->pending(placed)) return false;
  HostTableIo io(vm.frames, vm.memory, software, table_cost);
  io.watched_by(vm.watch.get());
  // KVM maps guest memory readable, writable and executable, with flags preset where hardware would
  // set them (spte.c make_spte; pgtable.c stage2_set_prot_attr).
  vm.tables->map(placed.base, placed.page.frame, placed.page.size_lg2, MapRights{.dirty = true},
                 io);
  vm.table_bytes += io.made_bytes();
  vm.placer->settled(placed, vm.counts);
  return true;
}

}  // namespace nestwalk
