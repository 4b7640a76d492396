// What a run has found: plain numbers, filled by collectors and by main, read by writers. Only
// counts, sums and distributions are kept here; means, shares and rates are computed from them
// (metrics.h), so that they cannot disagree. Nothing here depends on the host machine but `host`.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/results/categories.h"
#include "common/results/histogram.h"

namespace nestwalk {

// Something counted per page size; the key is lg2 of the bytes.
using CountByPage = std::map<std::uint8_t, std::uint64_t>;

struct CostSource {
  std::string key;
  std::uint64_t cycles = 0;
  CostKind kind = CostKind::assumed;
  std::string source;
  bool operator==(const CostSource&) const = default;
};

// A fact about the run that readers want at the top, e.g. {"machine", "neoverse-n1"}.
struct Label {
  std::string name;  // unique within one run
  std::string value;
  bool operator==(const Label&) const = default;
};

struct Meta {
  std::string nestwalk_version;
  std::string name;     // of the configuration
  std::string variant;  // empty when the configuration has none
  std::uint64_t seed = 0;
  std::uint64_t frequency_mhz = 0;  // of the cores, whose cycles all cycles are; 0: not known
  std::string workload_name;
  std::string workload_identity;  // equal if and only if two runs executed the same accesses
  std::vector<Label> labels;
  std::vector<Label> settings;  // the resolved configuration by dotted key, in its own order
  std::string config_yaml;      // resolved: running it again gives the same bytes
  std::vector<CostSource> costs;
  std::vector<std::string> warnings;
  // The manuals' names of the table levels, by height (0 = last level); may be empty.
  std::vector<std::string> stage1_levels;
  std::vector<std::string> stage2_levels;
  bool operator==(const Meta&) const = default;
};

using SpanCycles = std::array<std::uint64_t, time_spans.size()>;  // sums over accesses

struct VcpuTotals {
  std::uint64_t accesses = 0;
  std::uint64_t last_cycle = 0;  // of the measured region, when its last access completed
  SpanCycles span_cycles{};
  bool operator==(const VcpuTotals&) const = default;
};

// One lookup per access that came to this TLB, whatever it had to repeat after a fault.
struct TlbCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t merged = 0;  // missed, and waited for the walk of another access: no further miss
  std::uint64_t lookups() const { return hits + misses + merged; }
  bool operator==(const TlbCounts&) const = default;
};
using TlbByPage = std::map<std::uint8_t, TlbCounts>;  // by lg2 of the page's bytes

struct WalkGroup {
  Histogram entry_reads;  // per walk
  Histogram latency;      // cycles, queueing for the walker excluded
  bool operator==(const WalkGroup&) const = default;
};

struct Walks {
  WalkGroup completed;  // found a translation; discarded ones included
  WalkGroup faulted;
  std::uint64_t discarded = 0;    // overtaken by an invalidation: filled nothing
  CountByPage completed_by_page;  // size of the combined entry
  bool operator==(const Walks&) const = default;
};

// A memory reference of a walk: (h, none) is the stage-1 entry of height h; (h, k) the stage-2
// entry of height k on the way to it; (none, k) one on the way to the final address.
struct ReferenceRow {
  static constexpr std::int8_t none = -1;
  std::int8_t stage1_height = none;
  std::int8_t stage2_height = none;
  std::array<std::uint64_t, read_from.size()> count{};
  std::uint64_t read_cycles = 0;  // of those really read
  bool operator==(const ReferenceRow&) const = default;
};

// Faults of one side. The latency of a guest's fault includes the host's faults that its handler
// caused, which are also faults of the host's side.
struct Faults {
  CountByPage by_page;                     // by the size that was mapped
  Histogram latency;                       // cycles, of faults that mapped something
  std::uint64_t host_cycles = 0;           // of `latency`, within the host's faults
  Histogram spurious;                      // cycles, of those that another vCPU was ahead of
  std::uint64_t spurious_host_cycles = 0;  // of `spurious`, within the host's faults
  bool operator==(const Faults&) const = default;
};

struct Shootdowns {
  std::uint64_t targets = 0;  // vCPUs told, all shootdowns together
  Histogram latency;          // cycles
  bool operator==(const Shootdowns&) const = default;
};

// One level of cache in the measured region, summed over vCPUs: data, walkers and software alike.
struct CacheUse {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t merged = 0;          // waited for a line that was on its way
  std::uint64_t latency_cycles = 0;  // from the arrival to the line, of all
  std::uint64_t accesses() const { return hits + misses + merged; }
  bool operator==(const CacheUse&) const = default;
};

struct DramUse {
  std::uint64_t row_hits = 0;       // the row was open
  std::uint64_t row_misses = 0;     // no row was open
  std::uint64_t row_conflicts = 0;  // another row was open
  std::uint64_t bytes = 0;
  std::uint64_t bus_busy_cycles = 0;  // summed over channels
  std::uint64_t latency_cycles = 0;   // from the arrival to the line, of all
  std::uint64_t queueing_cycles = 0;  // the part that an idle memory would have spared them
  double peak_bytes_per_cycle = 0;    // of all channels; 0: not known
  std::uint64_t accesses() const { return row_hits + row_misses + row_conflicts; }
  bool operator==(const DramUse&) const = default;
};

struct MemorySystem {
  std::array<CacheUse, cache_levels.size()> caches;
  DramUse dram;
  bool operator==(const MemorySystem&) const = default;
};

// Memory of one side at the end of the run.
struct MemoryUse {
  std::uint64_t table_bytes = 0;
  std::uint64_t mapped_bytes = 0;
  std::uint64_t touched_bytes = 0;
  CountByPage pages;                      // mapped, by size
  std::uint64_t huge_fallbacks = 0;       // a huge page was wanted, a smaller one given
  std::uint64_t allocation_failures = 0;  // nothing could be given
  // Mapped but never touched.
  std::int64_t bloat_bytes() const {
    return static_cast<std::int64_t>(mapped_bytes - touched_bytes);
  }
  bool operator==(const MemoryUse&) const = default;
};

// Measured on the machine that ran the simulation: differs from run to run, so it is never part of
// result.json.
struct HostMeasures {
  double wall_seconds = 0;        // of the whole program
  double simulation_seconds = 0;  // of the simulation alone
  std::uint64_t peak_memory_bytes = 0;
  bool operator==(const HostMeasures&) const = default;
};

struct Results {
  Meta meta;
  std::uint64_t simulated_cycles = 0;  // of the measured region: until the last vCPU has finished
  std::uint64_t warmup_cycles = 0;     // before it
  std::uint64_t instructions = 0;      // 0: the workload does not say
  std::vector<VcpuTotals> vcpus;
  std::array<Histogram, how_served.size()> translation_latency;  // cycles, all spans but data
  Histogram access_latency;                                      // cycles, data included
  // What hardware alone would have taken: without fault software, the wait to fault in order and
  // the stalls by TLB shootdowns.
  Histogram hardware_translation;              // cycles
  std::uint64_t fetch_translation_cycles = 0;  // of these, of instruction fetches
  Histogram steady_access;                     // cycles, data included
  SpanCycles span_cycles{};                    // of all vCPUs
  std::array<TlbByPage, tlb_names.size()> tlbs;
  Walks walks;
  std::vector<ReferenceRow> references;  // in the order of a walk
  std::array<Faults, memory_sides.size()> faults;
  Shootdowns shootdowns;
  MemorySystem memory_system;
  std::array<MemoryUse, memory_sides.size()> memory;
  std::optional<HostMeasures> host;
  bool operator==(const Results&) const = default;
};

}  // namespace nestwalk
