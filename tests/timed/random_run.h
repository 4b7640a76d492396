// Random runs on a small machine where everything is scarce: TLBs and walk caches of a few entries,
// caches of a few lines, two walkers, two miss registers. All vCPUs use the same pages.
#pragma once
#include <vector>

#include "architectures.h"
#include "common/base/random.h"
#include "support.h"

namespace nestwalk::test {

struct RandomRun {
  NamedArchitecture on = all_architectures()[3];
  unsigned vcpus = 1;
  std::uint32_t max_outstanding = 1;
  UnmapSpec unmaps{};
  std::uint64_t seed = 1;
  std::size_t accesses = 300;  // of each vCPU
  unsigned spaces = 2;
  bool stage1_tlb = true;  // only arm64 fills it
  PolicyKind guest_policy = PolicyKind::base, host_policy = PolicyKind::base;
};

inline CacheSpec scarce_cache(std::uint64_t bytes, Cycles latency_cycles) {
  CacheSpec spec;
  spec.bytes = bytes;
  spec.ways = 2;
  spec.latency_cycles = latency_cycles;
  spec.mshrs = 2;
  return spec;
}

// Two channels of four banks, which fill up, and refresh now and then.
inline DramSpec scarce_dram() {
  DramSpec spec;
  spec.channels = 2;
  spec.ranks = 2;
  spec.banks = 2;
  spec.row_bytes = 1024;
  spec.fixed_cycles = 17;
  spec.trcd_cycles = spec.tcl_cycles = spec.trp_cycles = 20;
  spec.tras_cycles = 50;
  spec.burst_cycles = 3.3;
  spec.trefi_cycles = 2000;
  spec.trfc_cycles = 150;
  return spec;
}

inline MachineSpec scarce_machine(const RandomRun& run) {
  MachineSpec spec;
  spec.max_outstanding = run.max_outstanding;
  spec.l1d = {{{{12, 14, 16, 21}, {4, 2, Replacement::lru}}}, 1, 2};
  spec.l1i = {{{{12}, {2, 0, Replacement::random}}, {{21}, {2, 0, Replacement::srrip}}}, 1, 0};
  spec.l2 = {{{{12, 14, 16, 21}, {8, 4, Replacement::tree_plru}}}, 5, 1};
  for (std::uint8_t height = 0; height < 4; ++height) {
    spec.walk_caches.stage1.push_back(walk_cache_of(height, 2));
    spec.walk_caches.stage2.push_back(walk_cache_of(height, 2));
  }
  spec.walk_caches.stage2_tlb = {4, 2, Replacement::lru};
  if (run.stage1_tlb) spec.walk_caches.stage1_tlb = {{{12, 14, 16, 21}, {4, 2, Replacement::lru}}};
  spec.walkers = 2;
  spec.l1d_cache = scarce_cache(512, 4);
  spec.l2_cache = scarce_cache(2048, 11);
  spec.llc = scarce_cache(8192, 30);
  spec.dram = scarce_dram();
  spec.shootdown_delivery_cycles = 25;
  spec.shootdown_send_cycles = 3;
  spec.shootdown_receive_cycles = 7;
  spec.local_invalidate_cycles = 2;
  spec.seed = run.seed;
  return spec;
}

inline VirtualMachineSpec random_vm(const RandomRun& run) {
  VirtualMachineSpec spec = small_vm();
  spec.guest.policy = huge_pages(run.guest_policy, run.on.huge_lg2);
  spec.host.policy.kind = run.host_policy;
  const auto arch = run.on.make();
  spec.guest.policy.base_lg2 = arch->stage1_granule_lg2();
  spec.host.policy.base_lg2 = arch->stage2_granule_lg2();
  spec.guest.fragmentation = 0.3;
  spec.guest_costs = flat_costs(3);
  spec.host_costs = flat_costs(2);
  spec.seed = run.seed;
  return spec;
}

// What one vCPU does: mostly near where it has just been, in 64 pages that lie in four places.
inline std::vector<MemoryAccess> random_accesses(const RandomRun& run, unsigned vcpu,
                                                 bool far_addresses) {
  Random random(derive_seed(run.seed, vcpu));
  std::vector<MemoryAccess> list;
  std::uint64_t page = 0;
  std::uint16_t space = 0;
  while (list.size() < run.accesses) {
    if (random.below(3) == 0) page = random.below(64);
    if (random.below(40) == 0) space = static_cast<std::uint16_t>(random.below(run.spaces));
    const std::uint64_t place = page % 4;
    const std::uint64_t base = place == 3 && far_addresses ? 0x80000000 : (place + 1) * 8 * MiB;
    MemoryAccess access = read_of(base + page / 4 * 4096 + random.below(64) * 64);
    access.kind = static_cast<AccessKind>(random.below(3));
    access.space = space;
    access.dependent = random.below(5) == 0;
    list.push_back(access);
  }
  return list;
}

inline Rig& fill(Rig& rig, const RandomRun& run, const Architecture& arch) {
  for (unsigned vcpu = 0; vcpu < run.vcpus; ++vcpu)
    rig.add(random_accesses(run, vcpu, arch.has_stage1()));
  return rig;
}

inline constexpr UnmapInvalidation all_kinds[] = {UnmapInvalidation::address,
                                                  UnmapInvalidation::space, UnmapInvalidation::vm,
                                                  UnmapInvalidation::all};

}  // namespace nestwalk::test
