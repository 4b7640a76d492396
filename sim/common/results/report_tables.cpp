// Tables of time: summary, latencies, where the time went, TLBs. And the list of all tables.
#include "common/results/report_tables.h"

#include "common/results/metrics.h"
#include "common/results/summary.h"

namespace nestwalk {
namespace {

std::string words(std::string_view text) { return std::string(text); }

}  // namespace

Table summary_table(const Results& results) {
  Table table{.id = "summary",
              .title = "",
              .columns = {{"metric", ""}, {"value", "", Kind::number}, {"unit", ""}},
              .shown = Shown::csv};
  for (const Scalar& scalar : summary(results))
    table.rows.push_back({{scalar.key, scalar.value, scalar.unit}});
  return table;
}

Table latency_table(const Results& results) {
  Table table{.id = "latency",
              .title = "Latency (cycles; with faults where nothing else is said)",
              .columns = {{"distribution", "", Kind::label, Shown::csv},
                          {"label", "latency of", Kind::label, Shown::text},
                          {"count", "count", Kind::count},
                          {"sum_cycles", "sum", Kind::count, Shown::csv},
                          {"mean_cycles", "mean", Kind::number},
                          {"p50_cycles", "p50", Kind::count},
                          {"p90_cycles", "p90", Kind::count},
                          {"p99_cycles", "p99", Kind::count},
                          {"p99_9_cycles", "p99.9", Kind::count},
                          {"max_cycles", "max", Kind::count}},
              .note =
                  "Percentiles: nearest rank; exact below 256 cycles, above at most 1/128 too "
                  "high."};
  for (const Distribution& each : distributions(results)) {
    const Histogram& h = each.cycles;
    table.rows.push_back(
        {{each.key, each.label, h.count(), h.sum(), cell_of(h.mean()), h.percentile(500),
          h.percentile(900), h.percentile(990), h.percentile(999), h.max()},
         h.count() ? Shown::everywhere : Shown::csv});
  }
  return table;
}

Table latency_histogram_table(const Results& results) {
  Table table{.id = "latency_histograms",
              .title = "",
              .columns = {{"distribution", ""},
                          {"lower_cycles", "", Kind::count},
                          {"upper_cycles", "", Kind::count},
                          {"count", "", Kind::count}},
              .shown = Shown::csv};
  for (const Distribution& each : distributions(results))
    for (const Histogram::Bucket& bucket : each.cycles.buckets())
      table.rows.push_back({{each.key, bucket.lower, bucket.upper, bucket.count}});
  return table;
}

Table time_split_table(const Results& results) {
  Table table{.id = "time_split",
              .title = "Where the time of the accesses went",
              .columns = {{"span", "", Kind::label, Shown::csv},
                          {"label", "time in", Kind::label, Shown::text},
                          {"cycles", "cycles", Kind::count},
                          {"cycles_per_access", "cycles\nper access", Kind::number},
                          {"share", "share", Kind::share},
                          {"bar", "", Kind::bar, Shown::text}},
              .note =
                  "Summed over all accesses; they overlap, so the sum may exceed the simulated "
                  "time."};
  for (std::size_t i = 0; i < time_spans.size(); ++i) {
    const auto span = static_cast<TimeSpan>(i);
    const Cell share = cell_of(span_share(results, span));
    table.rows.push_back(
        {{words(time_spans[i].key), words(time_spans[i].label), results.span_cycles[i],
          cell_of(span_cycles_per_access(results, span)), share, share},
         results.span_cycles[i] ? Shown::everywhere : Shown::csv});
  }
  return table;
}

Table tlb_table(const Results& results) {
  Table table{.id = "tlb",
              .title = "TLBs (/1000 acc.: per 1000 accesses of any type)",
              .columns = {{"tlb", "", Kind::label, Shown::csv},
                          {"label", "TLB", Kind::label, Shown::text},
                          {"page_lg2", "", Kind::count, Shown::csv},
                          {"page", "page", Kind::label, Shown::text},
                          {"lookups", "lookups", Kind::count},
                          {"hits", "hits", Kind::count},
                          {"misses", "misses", Kind::count},
                          {"merged", "merged", Kind::count},
                          {"hit_rate", "hit rate", Kind::share},
                          {"misses_per_1000_accesses", "misses\n/1000 acc.", Kind::number},
                          {"misses_per_1000_instructions", "misses\n/1000 instr.", Kind::number,
                           Shown::everywhere, true}},
              .note =
                  "Merged: missed while the walk of that page was under way; not a further "
                  "miss."};
  for (std::size_t i = 0; i < tlb_names.size(); ++i) {
    const auto add = [&](Cell page_lg2, const std::string& page, const TlbCounts& counts) {
      table.rows.push_back({{words(tlb_names[i].key), words(tlb_names[i].label), page_lg2, page,
                             counts.lookups(), counts.hits, counts.misses, counts.merged,
                             cell_of(ratio(counts.hits, counts.lookups())),
                             cell_of(per_thousand(counts.misses, accesses(results))),
                             cell_of(per_thousand(counts.misses, results.instructions))},
                            counts.lookups() ? Shown::everywhere : Shown::csv});
    };
    add(Cell{}, "all", tlb_total(results.tlbs[i]));
    for (const auto& [page_lg2, counts] : results.tlbs[i])
      add(std::uint64_t{page_lg2}, cell_text(std::uint64_t{page_lg2}, Kind::page), counts);
  }
  return table;
}

std::vector<Table> report_tables(const Results& results) {
  return {translation_table(results),
          first_touch_table(results),
          memory_table(results),
          vcpu_table(results),
          summary_table(results),
          latency_table(results),
          latency_histogram_table(results),
          time_split_table(results),
          tlb_table(results),
          cache_table(results),
          dram_table(results),
          walk_table(results),
          walk_reads_table(results),
          walk_pages_table(results),
          references_table(results),
          fault_pages_table(results),
          mapped_pages_table(results),
          cost_table(results)};
}

}  // namespace nestwalk
