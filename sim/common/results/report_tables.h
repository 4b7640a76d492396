// The tables of a run's report. CSV and text are both written from them, so they hold the same
// numbers.
#pragma once
#include <vector>

#include "common/results/results.h"
#include "common/results/table.h"

namespace nestwalk {

// All tables, in the order of the report.
std::vector<Table> report_tables(const Results& results);

Table translation_table(const Results& results);
Table first_touch_table(const Results& results);
Table summary_table(const Results& results);
Table latency_table(const Results& results);
Table latency_histogram_table(const Results& results);
Table time_split_table(const Results& results);
Table tlb_table(const Results& results);

Table cache_table(const Results& results);
Table dram_table(const Results& results);

Table walk_table(const Results& results);
Table walk_reads_table(const Results& results);
Table walk_pages_table(const Results& results);
Table references_table(const Results& results);

Table fault_pages_table(const Results& results);
Table memory_table(const Results& results);
Table mapped_pages_table(const Results& results);
Table vcpu_table(const Results& results);
Table cost_table(const Results& results);

// "S1 PML4", or "S1 height 3" when the level has no name.
std::string level_text(int stage, int height, const std::vector<std::string>& names);

}  // namespace nestwalk
