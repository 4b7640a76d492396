// Small machines for timed tests: everything off unless a test turns it on, costs of one's
// choosing.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "common/base/bits.h"
#include "common/machine/functional_machine.h"
#include "common/sysc/timed_machine.h"

namespace nestwalk::test {

// Every step of every path costs `cycles`.
inline CostTable flat_costs(Cycles cycles) {
  CostTable table;
  table.name = "flat";
  for (const char* step :
       {"exception_entry", "find_vma",         "allocate_page", "zero_4k",    "allocate_table",
        "write_entry",     "exception_return", "unmap_page",    "vm_exit",    "dispatch",
        "find_slot",       "get_host_page",    "lock_mmu",      "map_entry",  "unlock_mmu",
        "vm_entry",        "abort_entry",      "save_context",  "read_fault", "restore_context",
        "clean_4k"})
    table.steps[step] = {cycles, "assumed", "test"};
  return table;
}

inline VirtualMachineSpec small_vm(std::uint64_t bytes = 64 * MiB) {
  VirtualMachineSpec spec;
  spec.guest.memory_bytes = bytes;
  spec.host.memory_bytes = 4 * bytes;
  spec.guest_costs = spec.host_costs = flat_costs(0);
  return spec;
}

// Memory that takes `cycles` for every line, however many are asked for.
inline DramSpec flat_dram(Cycles cycles) {
  DramSpec spec;
  spec.fixed_cycles = cycles;
  spec.trcd_cycles = spec.tcl_cycles = spec.trp_cycles = spec.tras_cycles = 0;
  spec.burst_cycles = 0;
  return spec;
}

// No TLB, no walk cache, no cache: every reference costs one DRAM access of 100 cycles.
inline MachineSpec bare_machine() {
  MachineSpec spec;
  spec.l1d = spec.l1i = spec.l2 = TlbSpec{{}, 0, 0};
  spec.walk_cache_latency_cycles = spec.stage2_tlb_latency_cycles = 0;
  spec.walk_caches.stage1_holds_physical = true;
  spec.l1d_cache.bytes = spec.l2_cache.bytes = spec.llc.bytes = 0;
  spec.dram = flat_dram(100);
  spec.data_accesses = false;
  return spec;
}

// A fully associative TLB of one array.
inline TlbSpec tlb_of(std::uint32_t entries, Cycles latency_cycles,
                      std::vector<std::uint8_t> sizes_lg2 = {12, 21, 30}) {
  return {{{std::move(sizes_lg2), {entries, 0, Replacement::lru}}}, latency_cycles, 0};
}
// A fully associative cache of 64-byte lines.
inline CacheSpec cache_of(std::uint32_t lines, Cycles latency_cycles) {
  CacheSpec spec;
  spec.bytes = lines * 64;
  spec.ways = lines;
  spec.latency_cycles = latency_cycles;
  return spec;
}
inline WalkCacheLevelSpec walk_cache_of(std::uint8_t height, std::uint32_t entries) {
  return {height, {entries, 0, Replacement::lru}};
}
inline PolicySpec huge_pages(PolicyKind kind, std::uint8_t huge_lg2,
                             std::uint64_t reserved_bytes = 0) {
  PolicySpec spec;
  spec.kind = kind;
  spec.huge_lg2 = {huge_lg2};
  spec.reserved_bytes = reserved_bytes;
  return spec;
}

// A list of accesses, one after another.
class ListSource final : public AccessSource {
 public:
  explicit ListSource(std::vector<MemoryAccess> list) : list_(std::move(list)) {}
  std::size_t next(std::span<MemoryAccess> out) override {
    std::size_t count = 0;
    while (count < out.size() && at_ < list_.size()) out[count++] = list_[at_++];
    return count;
  }

 private:
  std::vector<MemoryAccess> list_;
  std::size_t at_ = 0;
};

inline MemoryAccess read_of(std::uint64_t va, bool dependent = false) {
  MemoryAccess access;
  access.va = Va{va};
  access.dependent = dependent;
  return access;
}

inline Cycles span_of(const AccessDone& done, Span span) {
  return done.spans[static_cast<std::size_t>(span)];
}

// Keeps every event.
struct Recorder final : Observer {
  std::vector<AccessDone> accesses;
  std::vector<Reference> references;
  std::vector<WalkDone> walks;
  std::vector<FaultHandled> faults;
  std::vector<ShootdownDone> shootdowns;
  void on(const AccessDone& event) override { accesses.push_back(event); }
  void on(const Reference& event) override { references.push_back(event); }
  void on(const WalkDone& event) override { walks.push_back(event); }
  void on(const FaultHandled& event) override { faults.push_back(event); }
  void on(const ShootdownDone& event) override { shootdowns.push_back(event); }
};

// One machine of a test: SystemC elaborates once per process, so each test case has its own.
struct Rig {
  Rig(const MachineSpec& machine_spec, const VirtualMachineSpec& vm_spec, const Architecture& arch)
      : spec(machine_spec), vm(vm_spec, arch) {}

  void add(std::vector<MemoryAccess> list) {
    sources.push_back(std::make_unique<ListSource>(std::move(list)));
  }
  TimedRun run(Sync sync = Sync::lazy, const UnmapSpec& unmaps = {},
               TranslationListener* listener = nullptr) {
    spec.vcpus = static_cast<std::uint32_t>(sources.size());
    machine = std::make_unique<TimedMachine>("machine", spec, unmaps, sync, vm, sources, seen,
                                             control, listener);
    return machine->run();
  }

  MachineSpec spec;
  VirtualMachine vm;
  std::vector<std::unique_ptr<AccessSource>> sources;
  Recorder seen;
  RunControl control;
  std::unique_ptr<TimedMachine> machine;
};

}  // namespace nestwalk::test
