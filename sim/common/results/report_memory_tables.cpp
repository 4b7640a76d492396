// Tables of faults, memory, vCPUs and cost sources.
#include <fmt/format.h>

#include "common/results/metrics.h"
#include "common/results/number_text.h"
#include "common/results/report_tables.h"
#include "common/results/summary.h"

namespace nestwalk {
namespace {

std::string key_of(const Category& category) { return std::string(category.key); }

}  // namespace

Table fault_pages_table(const Results& results) {
  Table table{
      .id = "fault_pages",
      .title = "Faults by the page size that was mapped",
      .columns = {
          {"side", "side"}, {"page_lg2", "page", Kind::page}, {"faults", "faults", Kind::count}}};
  for (std::size_t side = 0; side < memory_sides.size(); ++side)
    for (const auto& [page_lg2, faults] : results.faults[side].by_page)
      table.rows.push_back({{key_of(memory_sides[side]), std::uint64_t{page_lg2}, faults}});
  return table;
}

Table memory_table(const Results& results) {
  Table table{.id = "memory",
              .title = "Memory at the end (bloat = mapped - touched)",
              .columns = {{"side", "side"},
                          {"table_bytes", "tables", Kind::bytes},
                          {"mapped_bytes", "mapped", Kind::bytes},
                          {"touched_bytes", "touched", Kind::bytes},
                          {"bloat_bytes", "bloat", Kind::bytes},
                          {"huge_fallbacks", "huge page wanted,\nsmaller one given", Kind::count},
                          {"allocation_failures", "allocation\nfailures", Kind::count}}};
  for (std::size_t side = 0; side < memory_sides.size(); ++side) {
    const MemoryUse& use = results.memory[side];
    table.rows.push_back(
        {{key_of(memory_sides[side]), use.table_bytes, use.mapped_bytes, use.touched_bytes,
          use.bloat_bytes(), use.huge_fallbacks, use.allocation_failures},
         use == MemoryUse{} ? Shown::csv : Shown::everywhere});
  }
  return table;
}

Table mapped_pages_table(const Results& results) {
  Table table{.id = "mapped_pages",
              .title = "Mapped pages at the end",
              .columns = {{"side", "side"},
                          {"page_lg2", "page", Kind::page},
                          {"pages", "pages", Kind::count},
                          {"bytes", "memory", Kind::bytes}}};
  for (std::size_t side = 0; side < memory_sides.size(); ++side)
    for (const auto& [page_lg2, pages] : results.memory[side].pages)
      table.rows.push_back(
          {{key_of(memory_sides[side]), std::uint64_t{page_lg2}, pages, pages << page_lg2}});
  return table;
}

Table vcpu_table(const Results& results) {
  Table table{.id = "vcpus",
              .title = "vCPUs (cycles of the measured region)",
              .columns = {{"vcpu", "vCPU", Kind::count},
                          {"accesses", "accesses", Kind::count},
                          {"last_cycle", "last access\ndone at", Kind::count},
                          {"fault_cycles", "in fault\nsoftware", Kind::count},
                          {"idle_share", "done before\nthe last", Kind::share}}};
  // One vCPU alone says nothing that the heading does not.
  const Shown shown = results.vcpus.size() > 1 ? Shown::everywhere : Shown::csv;
  for (std::size_t i = 0; i < results.vcpus.size(); ++i) {
    const VcpuTotals& vcpu = results.vcpus[i];
    table.rows.push_back(
        {{std::uint64_t{i}, vcpu.accesses, vcpu.last_cycle, fault_cycles(vcpu.span_cycles),
          cell_of(ratio(results.simulated_cycles - vcpu.last_cycle, results.simulated_cycles))},
         shown});
  }
  if (const auto share = unequal_end_share(results))
    table.note = *share > 0 ? fmt::format(
                                  "They began to be measured together; for {} of the time "
                                  "not all were running any more.",
                                  text_share(*share))
                            : "They began and ended together.";
  return table;
}

Table cost_table(const Results& results) {
  Table table{.id = "costs",
              .title = "",
              .columns = {{"key", ""}, {"cycles", "", Kind::count}, {"kind", ""}, {"source", ""}},
              .shown = Shown::csv};
  for (const CostSource& cost : results.meta.costs)
    table.rows.push_back(
        {{cost.key, cost.cycles, key_of(cost_kinds[index_of(cost.kind)]), cost.source}});
  return table;
}

}  // namespace nestwalk
