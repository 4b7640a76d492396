// The latency-bandwidth curve of DRAM, as simulators of DRAM publish it: latency over the bandwidth
// that 1 to 64 outstanding accesses get, sequential and random. First DRAM alone, then a whole
// machine whose vCPU overlaps its accesses.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>

#include "architectures.h"
#include "child.h"
#include "dram_rig.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr unsigned outstandings[] = {1, 2, 4, 8, 16, 32, 64};
constexpr double peak = 8;                     // bytes per cycle of one channel
constexpr double hit = 138 + 44 + 8;           // cycles
constexpr double conflict = hit + 44 + 44;     // cycles
constexpr double row_cycle = 104 + 44;         // tRAS + tRP
constexpr double refreshing = 1120.0 / 24960;  // share of time, of a rank

// What any curve must show, whoever makes the accesses. `idle`: latency of one access alone.
void check_curve(const std::vector<Load>& curve, double most, double idle) {
  for (std::size_t i = 0; i < curve.size(); ++i) {
    CAPTURE(outstandings[i]);
    const auto [bandwidth, latency] = curve[i];
    CHECK(bandwidth <= most);
    // Little's law; the ends of the run count for a little.
    CHECK(bandwidth * latency == doctest::Approx(64.0 * outstandings[i]).epsilon(0.02));
    CHECK(latency > 0.999 * idle);
    if (i == 0) continue;
    CHECK(bandwidth > 0.99 * curve[i - 1].bytes_per_cycle);
    CHECK(latency > 0.99 * curve[i - 1].mean_latency_cycles);
  }
}

std::vector<Load> curve_of(const DramSpec& spec, Pattern pattern) {
  std::vector<Load> curve;
  for (const unsigned outstanding : outstandings)
    curve.push_back(closed_loop(spec, pattern, outstanding));
  return curve;
}

// A vCPU with an L1 TLB that holds all and no caches, on pages of 1 GiB at physical addresses in
// sequence. Accesses issue every cycle, `outstanding` of them at the most under way.
Load machine_load(const DramSpec& dram, Pattern pattern, unsigned outstanding) {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(8, 1);
  spec.dram = dram;
  spec.data_accesses = true;
  spec.max_outstanding = outstanding;
  VirtualMachineSpec vm = small_vm(4 * GiB);
  vm.guest.policy = huge_pages(PolicyKind::hugetlb, 30, 2 * GiB);
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(spec, vm, *arch);
  Random random(7);
  std::vector<MemoryAccess> list = {read_of(GiB)};  // faults; the others wait until it is done
  for (std::uint64_t i = 0; i < 30'000; ++i)
    list.push_back(read_of(GiB + line_at(pattern, i, random) * 64, i == 0));
  rig.add(std::move(list));
  const TimedRun run = rig.run();
  CHECK(run.memory.dram.accesses() == 30'001 + 2);  // and two table entries
  CHECK(run.memory.dram.bytes == run.memory.dram.accesses() * 64);
  CHECK(run.memory.dram.bus_busy_cycles <= run.cycles);
  CHECK(run.dram_peak_bytes_per_cycle == peak);
  double latency = 0;
  for (const AccessDone& done : rig.seen.accesses)
    latency += static_cast<double>(span_of(done, Span::data));
  return {static_cast<double>(run.memory.dram.bytes) / static_cast<double>(run.cycles),
          latency / 30'000};
}

std::vector<Load> machine_curve(const DramSpec& dram, Pattern pattern) {
  std::vector<Load> curve;
  for (const unsigned outstanding : outstandings) {
    const std::string text = in_child([&] {
      const Load load = machine_load(dram, pattern, outstanding);
      return fmt::format("{} {}", load.bytes_per_cycle, load.mean_latency_cycles);
    });
    Load load;
    REQUIRE(std::sscanf(text.c_str(), "%lf %lf", &load.bytes_per_cycle,
                        &load.mean_latency_cycles) == 2);
    curve.push_back(load);
  }
  return curve;
}

}  // namespace

TEST_CASE("sequential accesses: from the idle latency to almost all of the bus") {
  const std::vector<Load> curve = curve_of(ddr4_3200(), Pattern::sequential);
  check_curve(curve, peak, hit);
  // One alone: row hits, but for the first of a row and for those that meet a refresh.
  CHECK(curve.front().mean_latency_cycles < hit + 88.0 / 128 + refreshing * 1120);
  CHECK(curve.back().bytes_per_cycle > 0.85 * peak);
  CHECK(curve.back().bytes_per_cycle < 0.96 * peak);  // the rest is refreshes
}

TEST_CASE("random accesses: conflicts, limited by banks, below sequential ones") {
  const std::vector<Load> sequential = curve_of(ddr4_3200(), Pattern::sequential);
  const std::vector<Load> random = curve_of(ddr4_3200(), Pattern::random);
  check_curve(random, peak, hit);
  CHECK(random.front().mean_latency_cycles > 0.95 * conflict);
  CHECK(random.front().mean_latency_cycles < conflict + refreshing * 1120);
  for (std::size_t i = 0; i < random.size(); ++i)
    CHECK(random[i].bytes_per_cycle < sequential[i].bytes_per_cycle);
  CHECK(random.back().bytes_per_cycle > 0.5 * peak);
}

TEST_CASE("random accesses to fewer banks get what row cycles allow") {
  double previous = 0;
  for (const std::uint32_t banks : {1U, 2U, 4U, 8U}) {
    DramSpec spec = without_refresh(ddr4_3200());
    spec.ranks = 1;
    spec.banks = banks;
    const double bandwidth = closed_loop(spec, Pattern::random, 64).bytes_per_cycle;
    const double most = 64 * banks / row_cycle;
    CAPTURE(banks);
    CHECK(bandwidth < 1.01 * most);  // a row is hit by chance now and then
    CHECK(bandwidth > 0.8 * most);
    CHECK(bandwidth > 1.5 * previous);
    previous = bandwidth;
  }
}

TEST_CASE("channels add up") {
  DramSpec spec = ddr4_3200();
  const double one = closed_loop(spec, Pattern::sequential, 64).bytes_per_cycle;
  spec.channels = 2;
  const double two = closed_loop(spec, Pattern::sequential, 128).bytes_per_cycle;
  CHECK(two > 1.9 * one);
  CHECK(two <= 2 * peak);
}

TEST_CASE("a machine's sequential accesses: the same curve") {
  const std::vector<Load> curve = machine_curve(ddr4_3200(), Pattern::sequential);
  check_curve(curve, peak, hit);
  CHECK(curve.back().bytes_per_cycle > 0.7 * peak);
  CHECK(curve.back().bytes_per_cycle < 0.96 * peak);
}

TEST_CASE("a machine's random accesses: the same curve") {
  const std::vector<Load> curve = machine_curve(ddr4_3200(), Pattern::random);
  check_curve(curve, peak, hit);
  CHECK(curve.front().mean_latency_cycles > 0.95 * conflict);
  CHECK(curve.back().bytes_per_cycle > 0.5 * peak);
  CHECK(curve.back().bytes_per_cycle <
        0.95 * machine_curve(ddr4_3200(), Pattern::sequential).back().bytes_per_cycle);
}
