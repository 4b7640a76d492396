// A host with odd stage-2 tables, and what is needed to try its fault paths.
#pragma once
#include "common/base/bits.h"
#include "common/host/host.h"
#include "common/paging/edited_tables.h"
#include "unit/hyp/scripted_software.h"
#include "unit/paging/odd_format.h"

namespace nestwalk::test {

// Leaves of 2^12 and 2^21 under a root for leaves of 2^26.
inline OddShape host_shape() {
  OddShape shape;
  shape.leaf_heights = 0b011;
  return shape;
}

struct HostRig {
  explicit HostRig(const PolicySpec& policy = {}, std::uint64_t bytes = 64 * MiB,
                   std::uint64_t slot = 32 * MiB)
      : host(memory, FrameAllocatorSpec{bytes}), vm(host.add_vm()), software(memory) {
    NW_CHECK(
        vm.add_ram({{0, Ipa{0}, slot, Hva{one(46)}}, host.add_policy(policy)}) == SlotError::none,
        "no slot of {} bytes", slot);
    UntimedSoftware at_once(memory);
    HostTableIo io(vm.frames, memory, at_once, 0);
    vm.tables = std::make_unique<EditedTables<OddStage2>>(OddStage2(host_shape()), io);
    vm.table_bytes = io.made_bytes();
  }
  // What another vCPU does: the whole fault, at once.
  void map_elsewhere(std::uint64_t ipa) {
    UntimedSoftware at_once(memory);
    if (!vm.mapping(Ipa{ipa})) map_host_page(host_page_for(Ipa{ipa}, vm), vm, at_once, 0);
  }
  // Memory that is neither free, nor behind guest memory, nor a table: none may ever be.
  std::uint64_t lost_bytes() const {
    return vm.frames.bytes() - vm.frames.free_bytes() - host.idle_reserved_bytes() -
           vm.backing.bytes() - vm.table_bytes;
  }

  PhysicalMemory memory;
  Host host;
  HostVm& vm;
  ScriptedSoftware software;
};

}  // namespace nestwalk::test
