// Tables of the memory hierarchy: caches and DRAM.
#include "common/results/metrics.h"
#include "common/results/report_tables.h"
#include "common/results/summary.h"

namespace nestwalk {

Table cache_table(const Results& results) {
  Table table{.id = "caches",
              .title = "Caches (data, walkers and software alike)",
              .columns = {{"cache", "", Kind::label, Shown::csv},
                          {"label", "cache", Kind::label, Shown::text},
                          {"accesses", "accesses", Kind::count},
                          {"hits", "hits", Kind::count},
                          {"misses", "misses", Kind::count},
                          {"merged", "merged", Kind::count},
                          {"hit_rate", "hit rate", Kind::share},
                          {"latency_cycles", "", Kind::count, Shown::csv},
                          {"mean_cycles", "mean\ncycles", Kind::number},
                          {"mean_ns", "mean\nns", Kind::number}},
              .note =
                  "Mean: from the arrival at this cache to the line, wherever it came from. "
                  "Merged: waited for a line that was on its way."};
  for (std::size_t i = 0; i < cache_levels.size(); ++i) {
    const CacheUse& use = results.memory_system.caches[i];
    const auto mean = ratio(use.latency_cycles, use.accesses());
    table.rows.push_back(
        {{std::string(cache_levels[i].key), std::string(cache_levels[i].label), use.accesses(),
          use.hits, use.misses, use.merged, cell_of(ratio(use.hits, use.accesses())),
          use.latency_cycles, cell_of(mean), cell_of(nanoseconds(results, mean))},
         use.accesses() ? Shown::everywhere : Shown::csv});
  }
  return table;
}

Table dram_table(const Results& results) {
  Table table{.id = "dram",
              .title = "DRAM",
              .columns = {{"accesses", "accesses", Kind::count},
                          {"row_hits", "", Kind::count, Shown::csv},
                          {"row_misses", "", Kind::count, Shown::csv},
                          {"row_conflicts", "", Kind::count, Shown::csv},
                          {"row_hit_rate", "row\nhits", Kind::share},
                          {"row_conflict_rate", "row\nconflicts", Kind::share},
                          {"latency_cycles", "", Kind::count, Shown::csv},
                          {"mean_cycles", "mean\ncycles", Kind::number},
                          {"mean_ns", "mean\nns", Kind::number},
                          {"queueing_cycles", "", Kind::count, Shown::csv},
                          {"mean_queueing_ns", "of it\nqueueing", Kind::number},
                          {"bytes", "bytes", Kind::bytes},
                          {"bus_busy_cycles", "", Kind::count, Shown::csv},
                          {"gb_per_s", "GB/s", Kind::number},
                          {"peak_share", "of peak", Kind::share}}};
  const DramUse& use = results.memory_system.dram;
  const auto mean = ratio(use.latency_cycles, use.accesses());
  const auto queueing = ratio(use.queueing_cycles, use.accesses());
  table.rows.push_back({{use.accesses(), use.row_hits, use.row_misses, use.row_conflicts,
                         cell_of(ratio(use.row_hits, use.accesses())),
                         cell_of(ratio(use.row_conflicts, use.accesses())), use.latency_cycles,
                         cell_of(mean), cell_of(nanoseconds(results, mean)), use.queueing_cycles,
                         cell_of(nanoseconds(results, queueing)), use.bytes, use.bus_busy_cycles,
                         cell_of(dram_gb_per_s(results)), cell_of(dram_peak_share(results))},
                        use.accesses() ? Shown::everywhere : Shown::csv});
  return table;
}

}  // namespace nestwalk
