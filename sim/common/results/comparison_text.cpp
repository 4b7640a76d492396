// The comparison for the terminal: one row per variant and, under each value, how it stands to the
// baseline's; the time split; a closing sentence.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/results/comparison.h"
#include "common/results/number_text.h"
#include "common/results/wrap.h"

namespace nestwalk {
namespace {

constexpr std::size_t longest_name = 24;
constexpr std::string_view translation = "translation_mean_cycles";

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

// "walks 46.0 -> 11.2", or nothing when it did not change.
std::string change(const ComparedVariant& from, const ComparedVariant& to, std::string_view key,
                   const char* what) {
  const Scalar &before = metric(from, key), &after = metric(to, key);
  if (before.value == after.value) return {};
  return fmt::format("{} {} -> {}", what, cell_text(before.value, before.kind),
                     cell_text(after.value, after.kind));
}

// "+40.0 MiB guest bloat", or nothing.
std::string growth(const ComparedVariant& from, const ComparedVariant& to, std::string_view key,
                   const char* what) {
  const std::string by = against(metric(to, key), metric(from, key));
  return by == "=" ? "" : by + ' ' + what;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// The variant with the least of a metric; the first of equals. `skip` takes no part.
const ComparedVariant* least(const Comparison& comparison, std::string_view key,
                             const ComparedVariant* skip = nullptr) {
  const ComparedVariant* best = nullptr;
  for (const ComparedVariant& variant : comparison.variants) {
    const auto number = number_of(metric(variant, key).value);
    if (&variant == skip || !number) continue;
    if (!best || *number < *number_of(metric(*best, key).value)) best = &variant;
  }
  return best;
}

// "0.41x"; when there is nothing to divide by, "?".
std::string factor_of(const ComparedVariant& variant, const ComparedVariant& of,
                      std::string_view key) {
  const auto factor = relative(metric(variant, key), metric(of, key));
  return factor ? text_factor(*factor) : "?";
}

std::string praise(const ComparedVariant& best, const ComparedVariant& baseline) {
  const std::string why =
      joined({change(baseline, best, "walks_per_1000_accesses", "walks per 1000 accesses"),
              change(baseline, best, "entry_reads_per_walk", "entry reads per walk"),
              change(baseline, best, "fault_cycles_share", "fault software")});
  const std::string price = joined({change(baseline, best, "table_bytes", "table memory"),
                                    growth(baseline, best, "guest_bloat_bytes", "guest bloat"),
                                    growth(baseline, best, "host_bloat_bytes", "host bloat")});
  std::string text = fmt::format("{}: {} translation cycles of {}", best.name,
                                 factor_of(best, baseline, translation), baseline.name);
  for (const std::string& part : {why, price})
    if (!part.empty()) text += "; " + part;
  return text + ".";
}

std::string praise_baseline(const Comparison& comparison) {
  const ComparedVariant& baseline = comparison.variants.front();
  std::string text =
      fmt::format("No variant has fewer translation cycles per access than {}", baseline.name);
  if (const ComparedVariant* next = least(comparison, translation, &baseline))
    text += fmt::format("; the nearest is {} at {}", next->name,
                        factor_of(*next, baseline, translation));
  return text + ".";
}

}  // namespace

std::string verdict(const Comparison& comparison) {
  const ComparedVariant& baseline = comparison.variants.front();
  const ComparedVariant* best = least(comparison, translation);
  if (!best || comparison.variants.size() < 2) return {};
  std::string text = best == &baseline ? praise_baseline(comparison) : praise(*best, baseline);
  const ComparedVariant* fastest = least(comparison, "simulated_cycles", best);
  const auto time =
      fastest ? relative(metric(*fastest, "simulated_cycles"), metric(*best, "simulated_cycles"))
              : std::nullopt;
  if (time && *time < 1)
    text += fmt::format(" In simulated time {} is first ({} of {}).", fastest->name,
                        text_factor(*time), best->name);
  return text;
}

std::string to_text(const Comparison& comparison, const TextStyle& style) {
  const ShortNames shortened = short_names(comparison, style);
  const std::string& base = shortened.names.front();
  const std::string below =
      comparison.variants.size() > 1 ? fmt::format("; below each value: relative to {}", base) : "";
  std::string text = bold(fmt::format("Comparison of {} variants of workload {}",
                                      comparison.variants.size(), comparison.workload_name),
                          style) +
                     '\n' + shortened.legend;
  for (const std::string& warning : comparison.warnings)
    text += wrapped("  ! ", warning, style.columns);
  const std::vector<Table> tables{
      glance_table(comparison, shortened.names,
                   "Translation (/1000: per 1000 accesses" + below + ")",
                   {"translation_mean_cycles", "translation_p99_cycles",
                    "l2_tlb_misses_per_1000_accesses", "walks_per_1000_accesses",
                    "entry_reads_per_walk", "walk_cycles_per_1000_accesses", "simulated_cycles"}),
      time_table(comparison, shortened.names),
      glance_table(comparison, shortened.names,
                   "Faults and memory (bloat: mapped - touched" + below + ")",
                   {"guest_faults", "host_faults", "fault_cycles_share", "table_bytes",
                    "guest_bloat_bytes", "host_bloat_bytes"})};
  for (const Table& table : tables)
    if (const std::string section = to_text(table, style); !section.empty()) text += '\n' + section;
  if (const std::string words = verdict(comparison); !words.empty())
    text += '\n' + wrapped("", words, style.columns);
  return text;
}

}  // namespace nestwalk
