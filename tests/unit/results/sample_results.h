// Results with fixed numbers for the tests of the writers: a two-stage run with 4K pages on both
// sides and the same with 2M pages. They hang together as a real run's would.
#pragma once
#include "common/results/results.h"

namespace nestwalk {

inline void add(Histogram& histogram, std::uint64_t value, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) histogram.add(value);
}

inline Meta sample_meta(const std::string& variant) {
  Meta meta;
  meta.nestwalk_version = "0.1.0";
  meta.name = "sample";
  meta.variant = variant;
  meta.seed = 42;
  meta.workload_name = "sqlite";
  meta.workload_identity = "sqlite.trace.xz, 100000 accesses, crc 1b2c3d4e";
  meta.labels = {{"machine", "skylake-sp"}, {"guest policy", "base"}, {"host policy", "base"}};
  meta.config_yaml = "name: sample\nseed: 42\n";
  meta.costs = {{"host_fault.exit", 1200, CostKind::measured, "measured here, \"cold\""},
                {"host_fault.map", 350, CostKind::assumed, "no source, a guess"},
                {"guest_fault.entry", 420, CostKind::published, "a paper, table 3"}};
  meta.warnings = {"the trace ended after 100000 accesses of the 200000 that were asked for"};
  meta.stage1_levels = {"PT", "PD", "PDPT", "PML4"};
  meta.stage2_levels = {"PT", "PD", "PDPT", "PML4"};
  return meta;
}

// Positions of a walk with `stage1` and `stage2` levels, the lowest of height `lowest1`, `lowest2`.
inline std::vector<ReferenceRow> sample_references(int lowest1, int lowest2, std::uint64_t walks) {
  std::vector<ReferenceRow> rows;
  for (int s1 = 3; s1 >= lowest1 - 1; --s1) {
    const auto stage1 = static_cast<std::int8_t>(s1 < lowest1 ? ReferenceRow::none : s1);
    for (int s2 = 3; s2 >= lowest2; --s2) {
      ReferenceRow row{stage1, static_cast<std::int8_t>(s2)};
      row.count = {walks / 4, 0, walks / 8, 0, walks / 8, walks / 2};
      row.read_cycles = walks / 4 * 4 + walks / 8 * 40;
      rows.push_back(row);
    }
    if (stage1 == ReferenceRow::none) break;
    ReferenceRow row{stage1, ReferenceRow::none};
    row.count = {walks / 2, walks / 4, 0, walks / 4, 0, 0};
    row.read_cycles = walks / 2 * 4 + walks / 4 * 14 + walks / 4 * 200;
    rows.push_back(row);
  }
  return rows;
}

inline Results sample_4k() {
  Results r;
  r.meta = sample_meta("4K+4K");
  add(r.translation_latency[index_of(HowServed::l1_tlb)], 1, 90000);
  add(r.translation_latency[index_of(HowServed::l2_tlb)], 8, 6000);
  add(r.translation_latency[index_of(HowServed::merged)], 60, 500);
  add(r.translation_latency[index_of(HowServed::walk)], 120, 3000);
  add(r.translation_latency[index_of(HowServed::fault)], 5000, 500);
  add(r.access_latency, 5, 90000);
  add(r.access_latency, 12, 6000);
  add(r.access_latency, 64, 500);
  add(r.access_latency, 160, 3000);
  add(r.access_latency, 5040, 500);
  r.simulated_cycles = 3'600'000;
  r.instructions = 250'000;
  r.vcpus = {{50000, 3'600'000}, {50000, 3'590'123}};
  r.span_cycles = {170000, 24000, 180000, 164000, 20000, 30000, 0, 400000, 2'030'000, 10000, 526000};
  r.tlbs[index_of(TlbName::l1d)] = {{12, {70000, 8000, 500}}, {21, {10000, 500, 0}}};
  r.tlbs[index_of(TlbName::l1i)] = {{12, {10000, 1000, 0}}};
  r.tlbs[index_of(TlbName::l2)] = {{12, {5700, 3300, 500}}, {21, {300, 200, 0}}};
  add(r.walks.completed.entry_reads, 24, 1600);
  add(r.walks.completed.entry_reads, 9, 1600);
  add(r.walks.completed.entry_reads, 2, 800);
  add(r.walks.completed.latency, 110, 4000);
  add(r.walks.faulted.entry_reads, 7, 600);
  add(r.walks.faulted.latency, 90, 600);
  r.walks.discarded = 3;
  r.walks.completed_by_page = {{12, 3900}, {21, 100}};
  r.references = sample_references(0, 0, 4000);
  r.faults[index_of(MemorySide::guest)].by_page = {{12, 200}};
  add(r.faults[index_of(MemorySide::guest)].latency, 2000, 200);
  r.faults[index_of(MemorySide::host)].by_page = {{12, 450}, {21, 10}};
  add(r.faults[index_of(MemorySide::host)].latency, 4400, 450);
  add(r.faults[index_of(MemorySide::host)].latency, 9000, 10);
  r.shootdowns.targets = 4;
  add(r.shootdowns.latency, 2500, 4);
  r.memory[index_of(MemorySide::guest)] = {1 << 20, 40 << 20, 40 << 20, {{12, 10240}}, 0, 0};
  r.memory[index_of(MemorySide::host)] = {2 << 20, 41 << 20, 41 << 20, {{12, 10496}}, 0, 0};
  r.host = HostMeasures{3.25, 2.5, 123 << 20};
  return r;
}

inline Results sample_2m() {
  Results r;
  r.meta = sample_meta("2M+2M");
  r.meta.labels = {{"machine", "skylake-sp"}, {"guest policy", "thp"}, {"host policy", "thp"}};
  add(r.translation_latency[index_of(HowServed::l1_tlb)], 1, 97000);
  add(r.translation_latency[index_of(HowServed::l2_tlb)], 8, 2000);
  add(r.translation_latency[index_of(HowServed::walk)], 70, 900);
  add(r.translation_latency[index_of(HowServed::fault)], 9000, 100);
  add(r.access_latency, 5, 97000);
  add(r.access_latency, 12, 2000);
  add(r.access_latency, 110, 900);
  add(r.access_latency, 9040, 100);
  r.simulated_cycles = 1'700'000;
  r.instructions = 250'000;
  r.vcpus = {{50000, 1'700'000}, {50000, 1'690'000}};
  r.span_cycles = {120000, 5000, 28000, 20000, 0, 0, 0, 300000, 603000, 0, 436000};
  r.tlbs[index_of(TlbName::l1d)] = {{21, {87000, 2900, 0}}};
  r.tlbs[index_of(TlbName::l1i)] = {{12, {10000, 100, 0}}};
  r.tlbs[index_of(TlbName::l2)] = {{12, {50, 50, 0}}, {21, {1950, 950, 0}}};
  add(r.walks.completed.entry_reads, 15, 500);
  add(r.walks.completed.entry_reads, 3, 500);
  add(r.walks.completed.latency, 60, 1000);
  add(r.walks.faulted.entry_reads, 6, 120);
  add(r.walks.faulted.latency, 50, 120);
  r.walks.completed_by_page = {{21, 1000}};
  r.references = sample_references(1, 1, 1000);
  r.faults[index_of(MemorySide::guest)].by_page = {{21, 60}};
  add(r.faults[index_of(MemorySide::guest)].latency, 5000, 60);
  r.faults[index_of(MemorySide::host)].by_page = {{21, 67}};
  add(r.faults[index_of(MemorySide::host)].latency, 9000, 67);
  r.memory[index_of(MemorySide::guest)] = {40960, 80 << 20, 40 << 20, {{21, 40}}, 5, 0};
  r.memory[index_of(MemorySide::host)] = {49152, 82 << 20, 80 << 20, {{21, 41}}, 0, 1};
  r.host = HostMeasures{2.0, 1.6, 110 << 20};
  return r;
}

}  // namespace nestwalk
