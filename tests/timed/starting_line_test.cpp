// Warm-up: what is measured begins in one cycle on all vCPUs, and the counts and the time of a run
// are of that part.
#include <doctest/doctest.h>

#include <algorithm>

#include "architectures.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page = 0x10000000;

struct WarmUp final : RunControl {
  explicit WarmUp(std::uint64_t count) : accesses(count) {}
  std::uint64_t warmup_accesses() const override { return accesses; }
  std::uint64_t accesses;
};

struct WarmRun {
  WarmRun(std::uint64_t warmup, std::vector<std::vector<MemoryAccess>> lists)
      : arch(make_x86(PagingKind::four_level)), vm(small_vm(), *arch), control(warmup) {
    for (auto& list : lists) sources.push_back(std::make_unique<ListSource>(std::move(list)));
    MachineSpec spec = bare_machine();
    spec.l1d = tlb_of(4, 1);
    spec.max_outstanding = 2;
    spec.vcpus = static_cast<std::uint32_t>(sources.size());
    TimedMachine machine("machine", spec, {}, Sync::lazy, vm, sources, seen, control, nullptr);
    run = machine.run();
  }
  // When the first measured access of a vCPU issued.
  Cycles first(unsigned vcpu) const {
    Cycles cycle = ~Cycles{0};
    for (const AccessDone& done : seen.accesses)
      if (done.vcpu == vcpu) cycle = std::min(cycle, done.issued_cycle);
    return cycle;
  }

  std::unique_ptr<Architecture> arch;
  VirtualMachine vm;
  WarmUp control;
  std::vector<std::unique_ptr<AccessSource>> sources;
  Recorder seen;
  TimedRun run;
};

// Pages that all have to be walked, and one page again and again.
std::vector<MemoryAccess> slow(unsigned count) {
  std::vector<MemoryAccess> list;
  for (unsigned i = 0; i < count; ++i) list.push_back(read_of(page + (i % 64) * 4096));
  return list;
}
std::vector<MemoryAccess> fast(unsigned count) {
  return std::vector<MemoryAccess>(count, read_of(page));
}

}  // namespace

TEST_CASE("measured regions begin together, however long each vCPU warms up") {
  const WarmRun warm(100, {slow(150), fast(5000)});
  CHECK(warm.run.measured_from_cycle > 100 * 400);  // the slow one's warm-up
  CHECK(warm.first(0) == warm.run.measured_from_cycle);
  CHECK(warm.first(1) == warm.run.measured_from_cycle);
  CHECK(warm.seen.accesses.size() == 50 + 4900);
  CHECK(warm.run.finish_cycles.size() == 2);
  CHECK(warm.run.cycles == std::max(warm.run.finish_cycles[0], warm.run.finish_cycles[1]));
}

TEST_CASE("counts of the machine are of the measured region: DRAM") {
  const WarmRun warm(100, {slow(150)});
  std::uint64_t reads = 0;
  for (const AccessDone& done : warm.seen.accesses) reads += done.entry_reads;
  CHECK(warm.run.memory.dram.accesses() == reads);
}

TEST_CASE("a vCPU that ends before its warm-up does not keep the others waiting") {
  const WarmRun warm(100, {fast(10), slow(150), {}});
  CHECK(warm.run.completed);
  CHECK(warm.seen.accesses.size() == 50);
  CHECK(warm.first(1) == warm.run.measured_from_cycle);
}

TEST_CASE("without warm-up everything is measured from the first cycle") {
  const WarmRun warm(0, {slow(20), fast(20)});
  CHECK(warm.run.measured_from_cycle == 0);
  CHECK(warm.first(0) == 0);
  CHECK(warm.first(1) == 0);
  CHECK(warm.seen.accesses.size() == 40);
}
