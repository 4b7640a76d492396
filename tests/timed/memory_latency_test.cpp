// The time of caches and DRAM, by hand: data accesses whose translation is in the L1 TLB (1 cycle).
// The guest has pages of 2 MiB at consecutive physical addresses, so that offsets are physical.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t base = 0x10000000;
constexpr std::uint64_t row = 4096;

MachineSpec data_machine() {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(8, 1);
  spec.data_accesses = true;
  return spec;
}

VirtualMachineSpec large_pages() {
  VirtualMachineSpec spec = small_vm();
  spec.guest.policy = huge_pages(PolicyKind::hugetlb, 21, 16 * MiB);
  return spec;
}

// Runs `offsets`, one after another or overlapping, after the pages they need have been touched.
struct DataRun {
  DataRun(const MachineSpec& spec, const std::vector<std::uint64_t>& offsets)
      : arch(make_x86(PagingKind::four_level)), rig(spec, large_pages(), *arch) {
    std::vector<MemoryAccess> list;
    for (std::uint64_t page = 0; page < 4; ++page)
      list.push_back(read_of(base + page * 2 * MiB + 2 * MiB - 64, true));
    first = list.size();
    for (const std::uint64_t offset : offsets)
      list.push_back(read_of(base + offset, list.size() == first));
    rig.add(std::move(list));
    run = rig.run();
    // Events come in order of completion.
    std::sort(rig.seen.accesses.begin(), rig.seen.accesses.end(),
              [](const auto& a, const auto& b) { return a.issued_cycle < b.issued_cycle; });
  }
  Cycles cycles(std::size_t index) const {
    const AccessDone& done = rig.seen.accesses.at(first + index);
    CHECK(span_of(done, Span::tlb) == 1);
    CHECK(span_of(done, Span::tlb) + span_of(done, Span::data) == done.total_cycles);
    return done.total_cycles;
  }
  Cycles issued(std::size_t index) const {
    return rig.seen.accesses.at(first + index).issued_cycle;
  }

  std::unique_ptr<Architecture> arch;
  Rig rig;
  std::size_t first = 0;
  TimedRun run;
};

}  // namespace

TEST_CASE("cache levels: each level adds its latency down to the one that has the line") {
  MachineSpec spec = data_machine();
  spec.l1d_cache = cache_of(1, 4);
  spec.l2_cache = cache_of(2, 14);
  spec.llc = cache_of(4, 40);
  const std::uint64_t a = 0, b = 64, c = 128;
  DataRun run(spec, {a, a, b, a, c, b});
  CHECK(run.cycles(0) == 1 + 4 + 14 + 40 + 100);
  CHECK(run.cycles(1) == 1 + 4);
  CHECK(run.cycles(2) == 1 + 4 + 14 + 40 + 100);
  CHECK(run.cycles(3) == 1 + 4 + 14);  // L1D holds one line, L2 both
  CHECK(run.cycles(4) == 1 + 4 + 14 + 40 + 100);
  CHECK(run.cycles(5) == 1 + 4 + 14 + 40);  // L2 holds a and c
}

TEST_CASE("cache levels: those that are not there take no time") {
  MachineSpec spec = data_machine();
  spec.llc = cache_of(64, 40);
  DataRun run(spec, {0, 0});
  CHECK(run.cycles(0) == 1 + 40 + 100);
  CHECK(run.cycles(1) == 1 + 40);
}

TEST_CASE("table entries compete with data for cache lines") {
  MachineSpec spec = data_machine();
  spec.l1d = TlbSpec{{}, 0, 0};
  spec.l1d_cache = cache_of(4, 4);
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(spec, large_pages(), *arch);
  rig.add({read_of(base), read_of(base), read_of(base)});
  rig.run();
  // Three entries and the line itself: all hit L1D in a cache of four lines.
  const AccessDone& done = rig.seen.accesses.at(2);
  CHECK(span_of(done, Span::stage1_reads) == 3 * 4);
  CHECK(span_of(done, Span::data) == 4);
  for (std::size_t i = rig.seen.references.size() - 3; i < rig.seen.references.size(); ++i)
    CHECK(rig.seen.references[i].served == RefServed::l1d);
}

TEST_CASE("table entries that do not fit with the data miss every time") {
  MachineSpec spec = data_machine();
  spec.l1d = TlbSpec{{}, 0, 0};
  spec.l1d_cache = cache_of(3, 4);
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(spec, large_pages(), *arch);
  rig.add({read_of(base), read_of(base), read_of(base)});
  rig.run();
  CHECK(rig.seen.accesses.at(2).total_cycles == 4 * 104);
}

TEST_CASE("walkers may enter the caches below L1D") {
  MachineSpec spec = data_machine();
  spec.l1d = TlbSpec{{}, 0, 0};
  spec.l1d_cache = cache_of(64, 4);
  spec.l2_cache = cache_of(64, 14);
  spec.llc = cache_of(64, 40);
  const auto arch = make_x86(PagingKind::four_level);
  spec.walker_entry = WalkerEntry::l2;
  Rig rig(spec, large_pages(), *arch);
  rig.add({read_of(base), read_of(base)});
  rig.run();
  CHECK(span_of(rig.seen.accesses.at(1), Span::stage1_reads) == 3 * 14);
  CHECK(span_of(rig.seen.accesses.at(1), Span::data) == 4);
}

TEST_CASE("walkers may enter the caches at the last level") {
  MachineSpec spec = data_machine();
  spec.l1d = TlbSpec{{}, 0, 0};
  spec.l1d_cache = cache_of(64, 4);
  spec.l2_cache = cache_of(64, 14);
  spec.llc = cache_of(64, 40);
  spec.walker_entry = WalkerEntry::llc;
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(spec, large_pages(), *arch);
  rig.add({read_of(base), read_of(base)});
  rig.run();
  CHECK(span_of(rig.seen.accesses.at(1), Span::stage1_reads) == 3 * 40);
}

TEST_CASE("a miss waits for a free miss register") {
  MachineSpec spec = data_machine();
  spec.max_outstanding = 2;
  spec.l1d_cache = cache_of(64, 4);
  spec.l1d_cache.mshrs = 1;
  DataRun run(spec, {0, row});
  CHECK(run.cycles(0) == 1 + 4 + 100);
  // Issued at 1, waits from 2 until the first has its line at 105, then looks L1D up, then DRAM.
  CHECK(run.cycles(1) == 105 - 1 + 4 + 100);
}

// What `offsets` add to the counters of the hierarchy: for each level hits, misses, merged and the
// sum of latencies; then DRAM's accesses, bytes and sum of latencies.
std::string counted(const MachineSpec& spec, const std::vector<std::uint64_t>& offsets) {
  const auto counts_of = [&](const std::vector<std::uint64_t>& list) {
    const std::string raw = in_child([&] {
      const MemoryCounts counts = DataRun(spec, list).run.memory;
      return std::string(reinterpret_cast<const char*>(&counts), sizeof counts);
    });
    MemoryCounts counts;
    std::memcpy(&counts, raw.data(), sizeof counts);
    return counts;
  };
  const MemoryCounts added = counts_of(offsets) - counts_of({});
  const auto text = [](const CacheCounts& c) {
    return fmt::format("{} {} {} {}, ", c.hits, c.misses, c.merged, c.latency_cycles);
  };
  return text(added.l1d) + text(added.l2) + text(added.llc) +
         fmt::format("{} {} {}", added.dram.accesses(), added.dram.bytes,
                     added.dram.latency_cycles);
}

TEST_CASE("counters of the hierarchy: who had the line, and how long it took from there") {
  MachineSpec spec = data_machine();
  spec.l1d_cache = cache_of(64, 4);
  spec.l2_cache = cache_of(128, 14);
  spec.llc = cache_of(256, 40);
  CHECK(counted(spec, {0, 0}) == "1 1 0 162, 0 1 0 154, 0 1 0 140, 1 64 100");
  spec.max_outstanding = 2;
  // The second comes a cycle later and waits for the first's line.
  CHECK(counted(spec, {0, 8}) == "0 1 1 315, 0 1 0 154, 0 1 0 140, 1 64 100");
  spec.l1d_cache.bytes = 0;
  CHECK(counted(spec, {0, 64}) == "0 0 0 0, 0 2 0 308, 0 2 0 280, 2 128 200");
}

TEST_CASE("two miss registers let two misses overlap") {
  MachineSpec spec = data_machine();
  spec.max_outstanding = 2;
  spec.l1d_cache = cache_of(64, 4);
  spec.l1d_cache.mshrs = 2;
  DataRun run(spec, {0, row});
  CHECK(run.cycles(1) == 1 + 4 + 100);
}

TEST_CASE("misses to one line make one DRAM access") {
  MachineSpec spec = data_machine();
  spec.max_outstanding = 3;
  spec.l1d_cache = cache_of(64, 4);
  const auto dram_accesses = [&](std::vector<std::uint64_t> offsets) {
    return std::stoul(in_child(
        [&] { return std::to_string(DataRun(spec, offsets).run.memory.dram.accesses()); }));
  };
  CHECK(dram_accesses({0, 8, 16}) == dram_accesses({}) + 1);
  CHECK(dram_accesses({0, 64, 16}) == dram_accesses({}) + 2);
}

TEST_CASE("misses to one line end together") {
  MachineSpec spec = data_machine();
  spec.max_outstanding = 3;
  spec.l1d_cache = cache_of(64, 4);
  spec.l1d_cache.mshrs = 1;
  DataRun run(spec, {0, 8, 16});
  CHECK(run.cycles(0) == 105);
  CHECK(run.cycles(1) == 104);
  CHECK(run.cycles(2) == 103);
}

TEST_CASE("lookups beyond the ports of a cache wait a cycle") {
  MachineSpec spec = data_machine();
  spec.issue_interval_cycles = 0;
  spec.l1d_cache = cache_of(64, 4);
  DataRun run(spec, {0, 0, 8, 16});
  CHECK(run.issued(1) == run.issued(2));
  CHECK(run.issued(1) == run.issued(3));
  CHECK(run.cycles(1) == 1 + 4);
  CHECK(run.cycles(2) == 1 + 5);
  CHECK(run.cycles(3) == 1 + 6);
}

TEST_CASE("two ports serve two lookups a cycle") {
  MachineSpec spec = data_machine();
  spec.issue_interval_cycles = 0;
  spec.l1d_cache = cache_of(64, 4);
  spec.l1d_cache.ports = 2;
  DataRun run(spec, {0, 0, 8, 16});
  CHECK(run.cycles(1) == 1 + 4);
  CHECK(run.cycles(2) == 1 + 4);
  CHECK(run.cycles(3) == 1 + 5);
}
