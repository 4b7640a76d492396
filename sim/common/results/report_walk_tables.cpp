// Tables of walks: how many, how many entries each read, and what served each reference.
#include <fmt/format.h>

#include <algorithm>

#include "common/results/metrics.h"
#include "common/results/report_tables.h"
#include "common/results/summary.h"

namespace nestwalk {

std::string level_text(int stage, int height, const std::vector<std::string>& names) {
  if (static_cast<std::size_t>(height) < names.size())
    return fmt::format("S{} {}", stage, names[static_cast<std::size_t>(height)]);
  return fmt::format("S{} height {}", stage, height);
}

Table walk_table(const Results& results) {
  Table table{.id = "walks",
              .title = "Table walks (cycles without the queue for a walker)",
              .columns = {{"outcome", "outcome"},
                          {"walks", "walks", Kind::count},
                          {"walks_per_1000_accesses", "walks\n/1000 acc.", Kind::number},
                          {"entry_reads", "entry\nreads", Kind::count},
                          {"entry_reads_per_walk", "reads\n/walk", Kind::number},
                          {"cycles", "cycles", Kind::count},
                          {"cycles_per_1000_accesses", "cycles\n/1000 acc.", Kind::number}}};
  const std::uint64_t n = accesses(results);
  const auto add = [&](const char* outcome, std::uint64_t walks, Cell reads, Cell mean, Cell cycles,
                       Cell rate) {
    table.rows.push_back(
        {{outcome, walks, cell_of(per_thousand(walks, n)), reads, mean, cycles, rate},
         walks ? Shown::everywhere : Shown::csv});
  };
  const auto add_group = [&](const char* outcome, const WalkGroup& group) {
    add(outcome, group.latency.count(), group.entry_reads.sum(), cell_of(group.entry_reads.mean()),
        group.latency.sum(), cell_of(per_thousand(group.latency.sum(), n)));
  };
  add_group("completed", results.walks.completed);
  add_group("faulted", results.walks.faulted);
  add("all", walk_count(results), entry_reads(results),
      cell_of(ratio(entry_reads(results), walk_count(results))), walk_cycles(results),
      cell_of(per_thousand(walk_cycles(results), n)));
  add("discarded", results.walks.discarded, {}, {}, {}, {});
  return table;
}

Table walk_reads_table(const Results& results) {
  Table table{.id = "walk_reads",
              .title = "Entry reads per walk",
              .columns = {{"outcome", "walks"},
                          {"entry_reads", "entry\nreads", Kind::count},
                          {"walks", "walks", Kind::count},
                          {"share", "share", Kind::share},
                          {"bar", "", Kind::bar, Shown::text}}};
  const auto add_group = [&](const char* outcome, const Histogram& reads) {
    for (const Histogram::Bucket& bucket : reads.buckets()) {
      const Cell share = cell_of(ratio(bucket.count, reads.count()));
      table.rows.push_back({{outcome, bucket.lower, bucket.count, share, share}});
    }
  };
  add_group("completed", results.walks.completed.entry_reads);
  add_group("faulted", results.walks.faulted.entry_reads);
  return table;
}

Table walk_pages_table(const Results& results) {
  Table table{.id = "walk_pages",
              .title = "Page sizes that completed walks found (both stages combined)",
              .columns = {{"page_lg2", "page", Kind::page},
                          {"walks", "walks", Kind::count},
                          {"share", "share", Kind::share},
                          {"bar", "", Kind::bar, Shown::text}}};
  std::uint64_t all = 0;
  for (const auto& [page_lg2, walks] : results.walks.completed_by_page) all += walks;
  for (const auto& [page_lg2, walks] : results.walks.completed_by_page) {
    const Cell share = cell_of(ratio(walks, all));
    table.rows.push_back({{std::uint64_t{page_lg2}, walks, share, share}});
  }
  return table;
}

namespace {

Table empty_references_table() {
  Table table{
      .id = "references",
      .title =
          "References of a walk: what served each (% of those at its position; S1, S2: stage 1, 2)",
      .columns = {{"position", "#"},
                  {"stage1_height", "", Kind::count, Shown::csv},
                  {"stage2_height", "", Kind::count, Shown::csv},
                  {"entry", "entry read", Kind::label, Shown::text},
                  {"goal", "needed for", Kind::label, Shown::text, true},
                  {"references", "references", Kind::count}}};
  for (const Category& from : read_from) {
    table.columns.push_back({std::string(from.key), "", Kind::count, Shown::csv});
    table.columns.push_back({std::string(from.key) + "_share", std::string(from.label) + " %",
                             Kind::percent, Shown::everywhere, true});
  }
  table.columns.push_back({"read_cycles", "", Kind::count, Shown::csv});
  table.columns.push_back({"mean_read_cycles", "cycles\nif read", Kind::number});
  return table;
}

bool is_stage2(const ReferenceRow& row) { return row.stage2_height != ReferenceRow::none; }

}  // namespace

Table references_table(const Results& results) {
  Table table = empty_references_table();
  const Meta& meta = results.meta;
  const auto height = [](int h) { return h < 0 ? Cell{} : Cell{static_cast<std::uint64_t>(h)}; };
  // What an entry is needed for says something only where there are two stages.
  const bool two_stages =
      std::any_of(results.references.begin(), results.references.end(), is_stage2);
  for (const ReferenceRow& row : results.references) {
    const bool for_stage1 = row.stage1_height != ReferenceRow::none;
    const std::string goal =
        for_stage1 ? level_text(1, row.stage1_height, meta.stage1_levels) : "the access";
    const std::string entry =
        is_stage2(row) ? level_text(2, row.stage2_height, meta.stage2_levels) : goal;
    Row made{{std::uint64_t{table.rows.size() + 1}, height(row.stage1_height),
              height(row.stage2_height), entry, two_stages ? Cell{goal} : Cell{},
              reference_count(row)}};
    for (const std::uint64_t count : row.count) {
      made.cells.push_back(count);
      made.cells.push_back(cell_of(ratio(count, reference_count(row))));
    }
    made.cells.push_back(row.read_cycles);
    made.cells.push_back(cell_of(mean_read_cycles(row)));
    table.rows.push_back(std::move(made));
  }
  return table;
}

}  // namespace nestwalk
