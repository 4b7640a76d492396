// What a report says first: translation without faults; fault software, apart.
#include <fmt/format.h>

#include "common/results/metrics.h"
#include "common/results/number_text.h"
#include "common/results/prices.h"
#include "common/results/report_tables.h"
#include "common/results/summary.h"

namespace nestwalk {
namespace {

std::string rates(const Results& results) {
  const auto share = translation_share(results);
  std::string text = share
                         ? fmt::format("{} of the time of data accesses, fault software apart.",
                                       text_share(*share))
                         : "No data was accessed, so it has no share of the time of data accesses.";
  const auto per_access = per_thousand(walk_cycles(results), accesses(results));
  const auto per_instruction = per_thousand(walk_cycles(results), results.instructions);
  if (per_access)
    text += fmt::format(" Walk cycles: {} per 1000 accesses", text_number(*per_access));
  if (per_instruction)
    text += fmt::format(", {} per 1000 instructions", text_number(*per_instruction));
  return text + (per_access ? "." : "");
}

Cell microseconds(const Results& results, std::uint64_t cycles) {
  const auto ns = nanoseconds(results, static_cast<double>(cycles));
  return ns ? Cell{*ns / 1000} : Cell{};
}

std::string fault_note(const Results& results) {
  std::string text = fmt::format(
      "Not in the translation above. A guest's fault includes the host's that its handler caused; "
      "counted once, all take {} cycles",
      text_count(fault_cycles(results)));
  if (const auto share = fault_time_share(results))
    text += fmt::format(", {} of the vCPUs' time", text_share(*share));
  text += '.';
  if (results.warmup_cycles) text += " Faults of the warm-up are not in it.";
  for (const Category& side : memory_sides)
    if (is_populated(results.meta, side.key))
      text += fmt::format(" The {}'s memory was populated before the clock started.", side.label);
  if (const std::string marks = marks_of_prices(results.meta); !marks.empty())
    text += " Prices: " + marks + '.';
  return text;
}

}  // namespace

Table translation_table(const Results& results) {
  Table table{.id = "translation",
              .title = "Translation, without faults",
              .columns = {{"unit", "per access"},
                          {"mean", "mean", Kind::number},
                          {"p50", "p50", Kind::number},
                          {"p99", "p99", Kind::number},
                          {"p99_9", "p99.9", Kind::number},
                          {"max", "max", Kind::number}},
              .note = rates(results)};
  const Histogram& h = results.hardware_translation;
  const Shown shown = h.count() ? Shown::everywhere : Shown::csv;
  table.rows.push_back({{"cycles", cell_of(h.mean()), h.percentile(500), h.percentile(990),
                         h.percentile(999), h.max()},
                        shown});
  const auto ns = [&](std::uint64_t cycles) {
    return cell_of(nanoseconds(results, static_cast<double>(cycles)));
  };
  table.rows.push_back({{"ns", cell_of(nanoseconds(results, h.mean())), ns(h.percentile(500)),
                         ns(h.percentile(990)), ns(h.percentile(999)), ns(h.max())},
                        results.meta.frequency_mhz ? shown : Shown::csv});
  return table;
}

Table first_touch_table(const Results& results) {
  Table table{.id = "first_touch",
              .title = "First touch and other fault software (us)",
              .columns = {{"side", "side"},
                          {"outcome", "outcome"},
                          {"faults", "faults", Kind::count},
                          {"mean_us", "mean", Kind::number},
                          {"p50_us", "p50", Kind::number},
                          {"p99_us", "p99", Kind::number},
                          {"max_us", "max", Kind::number},
                          {"total_us", "total", Kind::number},
                          {"host_share", "of it\nhost", Kind::share, Shown::everywhere, true}},
              .note = fault_note(results)};
  for (std::size_t side = 0; side < memory_sides.size(); ++side) {
    const Faults& faults = results.faults[side];
    const auto add = [&](const char* outcome, const Histogram& h, std::uint64_t host_cycles) {
      const auto us = [&](std::uint64_t cycles) { return microseconds(results, cycles); };
      const auto mean = nanoseconds(results, h.mean());
      const bool guest = side == index_of(MemorySide::guest);
      table.rows.push_back(
          {{std::string(memory_sides[side].key), outcome, h.count(),
            mean ? Cell{*mean / 1000} : Cell{}, us(h.percentile(500)), us(h.percentile(990)),
            us(h.max()), us(h.sum()), guest ? cell_of(ratio(host_cycles, h.sum())) : Cell{}},
           h.count() ? Shown::everywhere : Shown::csv});
    };
    add("mapped a page", faults.latency, faults.host_cycles);
    add("spurious", faults.spurious, faults.spurious_host_cycles);
  }
  return table;
}

}  // namespace nestwalk
