#include "common/results/text_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/results/metrics.h"
#include "common/results/number_text.h"
#include "common/results/report_tables.h"
#include "common/results/wrap.h"

namespace nestwalk {
namespace {

std::string cycles_text(const Results& results, std::uint64_t cycles) {
  const auto ns = nanoseconds(results, static_cast<double>(cycles));
  return text_count(cycles) + " cycles" +
         (ns ? fmt::format(" ({} us)", text_number(*ns / 1000)) : "");
}

// What was measured, and what came before it.
std::string measured(const Results& results) {
  std::string text = fmt::format("{} accesses in {}", text_count(accesses(results)),
                                 cycles_text(results, results.simulated_cycles));
  if (results.instructions)
    text += fmt::format(", {} instructions", text_count(results.instructions));
  if (results.warmup_cycles)
    text += fmt::format("; after a warm-up of {}", cycles_text(results, results.warmup_cycles));
  return text;
}

std::string heading(const Results& results, const TextStyle& style) {
  const Meta& meta = results.meta;
  std::vector<Label> facts{{"workload", meta.workload_name},
                           {"identity", meta.workload_identity},
                           {"seed", fmt::format("{}", meta.seed)}};
  facts.insert(facts.end(), meta.labels.begin(), meta.labels.end());
  if (meta.frequency_mhz) facts.push_back({"frequency", text_count(meta.frequency_mhz) + " MHz"});
  if (accesses(results)) facts.push_back({"measured", measured(results)});
  std::size_t width = 0;
  for (const Label& fact : facts) width = std::max(width, fact.name.size());
  std::string text =
      bold_lines(fmt::format("nestwalk {}: {}", meta.nestwalk_version, full_name(meta)), style);
  for (const Label& fact : facts)
    if (!fact.value.empty())
      text += wrapped(fmt::format("  {:<{}}  ", fact.name, width), fact.value, style.columns);
  return text;
}

std::string warnings(const Results& results, const TextStyle& style) {
  if (results.meta.warnings.empty()) return {};
  std::string text = bold("Warnings", style) + '\n';
  for (const std::string& warning : results.meta.warnings)
    text += wrapped("  ! ", warning, style.columns);
  return text;
}

// How many costs of each kind there are, and which of them nobody has measured or published.
std::string cost_sources(const Results& results, const TextStyle& style) {
  if (results.meta.costs.empty()) return {};
  std::array<std::string, cost_kinds.size()> names;
  std::array<std::size_t, cost_kinds.size()> counts{};
  for (const CostSource& cost : results.meta.costs) {
    std::string& list = names[index_of(cost.kind)];
    list += (list.empty() ? "" : ", ") + cost.key;
    ++counts[index_of(cost.kind)];
  }
  std::string text = bold_lines("Where the costs of software steps come from", style);
  for (std::size_t i = 0; i < cost_kinds.size(); ++i) {
    if (!counts[i]) continue;
    const std::string prefix = fmt::format("  {:<9}  {:>3}  ", cost_kinds[i].label, counts[i]);
    const bool listed = static_cast<CostKind>(i) == CostKind::assumed;
    text += wrapped(prefix, listed ? names[i] : "", style.columns);
  }
  return text;
}

std::string simulator(const Results& results, const TextStyle& style) {
  if (!results.host) return {};
  std::string text =
      fmt::format("wall time {} s, simulation {} s", text_number(results.host->wall_seconds),
                  text_number(results.host->simulation_seconds));
  if (const auto speed = accesses_per_second(results))
    text += fmt::format(", {} accesses/s", text_count(static_cast<std::uint64_t>(*speed)));
  const auto peak = static_cast<std::int64_t>(results.host->peak_memory_bytes);
  text += fmt::format(", peak memory {}", text_bytes(peak));
  return bold_lines("Simulator (measured on this machine; differs from run to run)", style) +
         wrapped("  ", text, style.columns);
}

}  // namespace

std::string to_text(const Results& results, const TextStyle& style) {
  std::vector<std::string> sections{heading(results, style), warnings(results, style)};
  for (const Table& table : report_tables(results)) sections.push_back(to_text(table, style));
  sections.push_back(cost_sources(results, style));
  sections.push_back(simulator(results, style));
  std::string text;
  for (const std::string& section : sections)
    if (!section.empty()) text += (text.empty() ? "" : "\n") + section;
  return text;
}

}  // namespace nestwalk
