// What caches and DRAM did, as results keep it.
#pragma once
#include "common/probe/memory_counts.h"
#include "common/results/results.h"

namespace nestwalk {

// `dram_peak_bytes_per_cycle`: of all channels; 0: not known.
inline MemorySystem memory_system(const MemoryCounts& counts, double dram_peak_bytes_per_cycle) {
  const auto cache = [](const CacheCounts& c) {
    return CacheUse{c.hits, c.misses, c.merged, c.latency_cycles};
  };
  const DramCounts& d = counts.dram;
  return {{cache(counts.l1d), cache(counts.l2), cache(counts.llc)},
          {d.row_hits, d.row_misses, d.row_conflicts, d.bytes, d.bus_busy_cycles, d.latency_cycles,
           d.queueing_cycles, dram_peak_bytes_per_cycle}};
}

}  // namespace nestwalk
