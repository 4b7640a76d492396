// The comparison for the terminal: one row per variant and, under each value, how it stands to the
// baseline's; the time split; a closing sentence.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/results/comparison.h"
#include "common/results/number_text.h"
#include "common/results/verdict.h"
#include "common/results/wrap.h"

namespace nestwalk {
namespace {

constexpr std::size_t longest_name = 24;

// The names by which the tables call the variants: their own, or numbers explained by a legend.
struct ShortNames {
  std::vector<std::string> names;
  std::string legend;
};

ShortNames short_names(const Comparison& comparison, const TextStyle& style) {
  ShortNames made;
  const bool too_long =
      std::any_of(comparison.variants.begin(), comparison.variants.end(),
                  [](const ComparedVariant& each) { return each.name.size() > longest_name; });
  for (const ComparedVariant& variant : comparison.variants) {
    made.names.push_back(variant.name);
    if (!too_long) continue;
    made.names.back() = fmt::format("[{}]", made.names.size());
    made.legend += wrapped(fmt::format("  {:<4} ", made.names.back()), variant.name, style.columns);
  }
  return made;
}

// Below a value: a factor of the baseline's, or for signed amounts (bloat) the difference.
std::string against(const Scalar& value, const Scalar& baseline) {
  if (value.value == baseline.value) return "=";
  if (value.value.is_amount()) {
    const Cell change = difference(value, baseline);
    return (number_of(change).value_or(0) > 0 ? "+" : "") + cell_text(change, value.kind);
  }
  const auto factor = relative(value, baseline);
  return factor ? text_factor(*factor) : "-";
}

bool is_zero_everywhere(const Comparison& comparison, std::string_view key) {
  return std::all_of(comparison.variants.begin(), comparison.variants.end(),
                     [&](const ComparedVariant& variant) {
                       return number_of(metric(variant, key).value).value_or(0) == 0;
                     });
}

Table glance_table(const Comparison& comparison, const std::vector<std::string>& names,
                   const std::string& title, const std::vector<std::string_view>& keys) {
  const ComparedVariant& baseline = comparison.variants.front();
  Table table{.id = "glance", .title = title, .columns = {{"variant", "variant"}}};
  std::vector<std::string_view> shown;
  for (const std::string_view key : keys)
    if (!is_zero_everywhere(comparison, key)) shown.push_back(key);
  for (const std::string_view key : shown)
    table.columns.push_back({std::string(key), metric(baseline, key).header, Kind::number});
  if (shown.empty()) return table;
  for (std::size_t i = 0; i < comparison.variants.size(); ++i) {
    const ComparedVariant& variant = comparison.variants[i];
    Row values{{names[i]}}, factors{{std::string()}};
    for (const std::string_view key : shown) {
      const Scalar& scalar = metric(variant, key);
      values.cells.push_back(cell_text(scalar.value, scalar.kind));
      factors.cells.push_back(against(scalar, metric(baseline, key)));
    }
    table.rows.push_back(std::move(values));
    if (i > 0) table.rows.push_back(std::move(factors));
  }
  return table;
}

Table time_table(const Comparison& comparison, const std::vector<std::string>& names) {
  static constexpr std::array<const char*, time_spans.size()> headers{
      "TLB",          "walk\ncaches",    "stage-1\nreads", "stage-2\nreads", "walker\nqueue",
      "merged\nwait", "fault in\norder", "guest\nfaults",  "host\nfaults",   "shoot-\ndowns",
      "data"};
  Table table{.id = "time_split",
              .title = "Where the time goes (cycles per access)",
              .columns = {{"variant", "variant"}}};
  for (const char* header : headers)
    table.columns.push_back({"", header, Kind::number, Shown::text, true});
  table.columns.push_back({"", "all", Kind::number});
  for (std::size_t i = 0; i < comparison.variants.size(); ++i) {
    Row row{{names[i]}};
    for (const auto& cycles : comparison.variants[i].span_cycles_per_access)
      row.cells.push_back(cell_of(cycles));
    row.cells.push_back(metric(comparison.variants[i], "access_mean_cycles").value);
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Values that are longer are cut; comparison.json has all of them.
std::string shortened_value(const std::string& value) {
  constexpr std::size_t longest = 40;
  if (value.empty()) return "-";
  return value.size() <= longest ? value : value.substr(0, longest - 2) + "..";
}

// One row per key and one column per variant.
Table differences_table(const Comparison& comparison, const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  const auto& all = comparison.differences;
  Table table{.id = "differences", .title = "What differs", .columns = {{"key", "key"}}};
  for (const std::string& name : names) table.columns.push_back({"", name, Kind::words});
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) {
    table.rows.push_back({{all[i].key}});
    for (const std::string& value : all[i].values)
      table.rows.back().cells.push_back(shortened_value(value));
  }
  if (all.size() > most)
    table.note = fmt::format("And {} more keys, in comparison.json.", all.size() - most);
  return table;
}

std::string verdicts(const Comparison& comparison, const TextStyle& style) {
  std::string text;
  for (const std::string& each : {steady_verdict(comparison), first_touch_verdict(comparison)})
    if (!each.empty()) text += '\n' + wrapped("", each, style.columns);
  std::string heading = "\nBreak-even\n";
  for (const std::string& even : break_even_sentences(comparison))
    text += std::exchange(heading, "") + wrapped("  ", even, style.columns);
  return text;
}

Table rank_table(const Comparison& comparison, const std::vector<std::string>& names,
                 const std::string& title) {
  Table table =
      glance_table(comparison, names, title,
                   {"simulated_us", "simulated_cycles", "warmup_cycles", "unequal_end_share",
                    "steady_ns_per_access", "fault_us", "fault_time_share"});
  table.columns.insert(table.columns.begin() + 1, {"rank", "rank", Kind::number});
  std::size_t row = 0;
  for (std::size_t i = 0; i < comparison.variants.size() && row < table.rows.size(); ++i) {
    const unsigned rank = comparison.variants[i].rank;
    const auto add = [&](Cell cell) {
      auto& cells = table.rows[row++].cells;
      cells.insert(cells.begin() + 1, std::move(cell));
    };
    add(rank ? Cell{std::uint64_t{rank}} : Cell{});
    if (i > 0) add("");
  }
  return table;
}

}  // namespace

std::string to_text(const Comparison& comparison, const TextStyle& style) {
  const ShortNames shortened = short_names(comparison, style);
  const std::string& base = shortened.names.front();
  std::string text = bold_lines(fmt::format("Comparison of {} variants of workload {}",
                                            comparison.variants.size(), comparison.workload_name),
                                style) +
                     shortened.legend;
  if (comparison.variants.size() > 1)
    text += wrapped("  ", fmt::format("Below each value: relative to {}.", base), style.columns);
  for (const std::string& warning : comparison.warnings)
    text += wrapped("  ! ", warning, style.columns);
  const auto glance = [&](const char* title, const std::vector<std::string_view>& keys) {
    return glance_table(comparison, shortened.names, title, keys);
  };
  const std::vector<Table> tables{
      differences_table(comparison, shortened.names),
      glance("Translation, without faults",
             {"hardware_translation_mean_cycles", "hardware_translation_mean_ns",
              "hardware_translation_p50_cycles", "hardware_translation_p99_cycles",
              "hardware_translation_p99_9_cycles", "hardware_translation_max_cycles",
              "translation_share"}),
      glance("Walks", {"walk_cycles_per_1000_accesses", "walk_cycles_per_1000_instructions",
                       "l2_tlb_misses_per_1000_accesses", "walks_per_1000_accesses",
                       "entry_reads_per_walk"}),
      glance("First touch and other faults of the guest (host's within them included)",
             {"guest_faults", "guest_fault_p50_us", "guest_fault_p99_us", "guest_fault_max_us",
              "guest_fault_host_share", "guest_spurious_faults"}),
      glance("Faults of the host", {"host_faults", "host_fault_p50_us", "host_fault_p99_us",
                                    "host_fault_max_us", "host_spurious_faults"}),
      glance("Memory (bloat: mapped - touched)",
             {"table_bytes", "guest_bloat_bytes", "host_bloat_bytes"}),
      glance("Caches and DRAM (data, walkers and software alike)",
             {"l1d_cache_hit_rate", "l2_cache_hit_rate", "llc_cache_hit_rate",
              "dram_accesses_per_1000_accesses", "dram_row_hit_rate", "dram_mean_ns",
              "dram_gb_per_s", "dram_peak_share"}),
      rank_table(comparison, shortened.names, "Measured time (warm-up apart)"),
      time_table(comparison, shortened.names)};
  for (const Table& table : tables)
    if (const std::string section = to_text(table, style); !section.empty()) text += '\n' + section;
  return text + verdicts(comparison, style);
}

}  // namespace nestwalk
