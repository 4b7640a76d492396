// A guest kernel with odd stage-1 tables, with or without a host under it.
#pragma once
#include <doctest/doctest.h>

#include "common/guest/guest_kernel.h"
#include "unit/hyp/host_rig.h"

namespace nestwalk::test {

// Maps at once, for 7 cycles, under the host's lock.
class PlainHostPath final : public HostFaultPath {
 public:
  void handle(Ipa ipa, HostVm& vm, Software& software) override {
    software.enter(Side::host);
    software.spend(7);
    const PlacedPage page = host_page_for(ipa, vm);
    software.lock(LockId::host_mmu);
    map_host_page(page, vm, software, 0);
    software.unlock(LockId::host_mmu);
    software.leave(Side::host, {page.page.size_lg2, false});
  }
};

inline const std::vector<std::string> guest_steps = {
    "exception_entry", "find_vma",         "allocate_page", "zero_4k",
    "write_entry",     "exception_return", "unmap_page",    "allocate_table"};

struct GuestRig {
  explicit GuestRig(bool two_stages, const PolicySpec& policy = {}, std::uint64_t bytes = 32 * MiB,
                    bool upper_half = false, const PolicySpec& host_policy = {})
      : host(host_policy, 64 * MiB, 32 * MiB),
        costs(numbered_costs(guest_steps)),
        kernel(
            host.memory, {bytes},
            two_stages ? GuestMemory(&host.vm, &host_path) : GuestMemory(nullptr, nullptr), costs,
            [](TableIo& io) {
              return std::make_unique<EditedTables<OddStage1>>(OddStage1(host_shape()), io);
            },
            upper_half) {
    REQUIRE(kernel.set_policy(policy));
    kernel.remember_pages();
    kernel.space(1);
  }
  ScriptedSoftware& software() { return host.software; }
  Cycles cost(const char* step) const { return costs.of(step); }
  // What another vCPU does: the whole fault, at once.
  void map_elsewhere(std::uint64_t va) {
    UntimedSoftware at_once(host.memory);
    kernel.handle_fault(1, Va{va}, at_once);
  }
  // Guest memory that is neither free, nor mapped, nor a table.
  std::uint64_t lost_bytes() {
    return kernel.frames().bytes() - kernel.frames().free_bytes() - kernel.counts().mapped_bytes -
           kernel.table_bytes();
  }
  bool mapped(std::uint64_t va) {
    Ipa ipa;
    std::uint8_t size = 0;
    return kernel.truth(1, Va{va}, ipa, size);
  }

  HostRig host;
  PlainHostPath host_path;
  CostTable costs;
  GuestKernel kernel;
};

}  // namespace nestwalk::test
