#include "common/results/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/results/number_text.h"

namespace nestwalk {
namespace {

using Member = std::optional<Estimate> ComparedVariant::*;
using Variants = std::vector<const ComparedVariant*>;

// All variants from the least to the most; empty unless all are known.
Variants sorted(const Comparison& comparison, Member member) {
  Variants order;
  for (const ComparedVariant& variant : comparison.variants) {
    if (!(variant.*member)) return {};
    order.push_back(&variant);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](const ComparedVariant* a, const ComparedVariant* b) {
                     return (a->*member)->value < (b->*member)->value;
                   });
  return order;
}

// Who leads, who is too close to the leader to be told from it, and who comes next.
struct Ranking {
  const ComparedVariant* first = nullptr;  // null: nothing is known
  Variants alike;                          // without `first`
  const ComparedVariant* next = nullptr;   // null: nobody differs from the first
};

// The baseline leads all that it is not told from.
Ranking rank(const Comparison& comparison, Member member) {
  Ranking ranking;
  const Variants order = sorted(comparison, member);
  if (order.size() < 2) return ranking;
  const ComparedVariant& baseline = comparison.variants.front();
  const Estimate& best = *(order.front()->*member);
  ranking.first = differ(best, *(baseline.*member)) ? order.front() : &baseline;
  for (const ComparedVariant* each : order) {
    if (each == ranking.first) continue;
    if (!differ(best, *(each->*member)))
      ranking.alike.push_back(each);
    else if (!ranking.next)
      ranking.next = each;
  }
  return ranking;
}

std::string joined(const std::vector<std::string>& parts, const char* between = ", ") {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : between) + part;
  return text;
}

std::string names(const Variants& variants) {
  std::vector<std::string> all;
  for (const ComparedVariant* each : variants) all.push_back(each->name);
  return joined(all);
}

// "0.41x of base"; nothing to divide by: "".
std::string factor_of(const ComparedVariant& variant, const ComparedVariant& of, Member member) {
  if ((of.*member)->value <= 0) return "";
  return fmt::format("{} of {}", text_factor((variant.*member)->value / (of.*member)->value),
                     of.name);
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
  const Cell by = difference(metric(to, key), metric(from, key));
  const double amount = number_of(by).value_or(0);
  if (amount == 0) return {};
  return fmt::format("{}{} {}", amount > 0 ? "+" : "", cell_text(by, Kind::bytes), what);
}

std::string why(const ComparedVariant& baseline, const ComparedVariant& best) {
  return joined({change(baseline, best, "hardware_translation_mean_cycles", "translation cycles"),
                 change(baseline, best, "walks_per_1000_accesses", "walks per 1000 accesses"),
                 change(baseline, best, "entry_reads_per_walk", "entry reads per walk")});
}

std::string price(const ComparedVariant& baseline, const ComparedVariant& best) {
  return joined({change(baseline, best, "table_bytes", "table memory"),
                 growth(baseline, best, "guest_bloat_bytes", "guest bloat"),
                 growth(baseline, best, "host_bloat_bytes", "host bloat")});
}

// "leader: amount[, 0.4x of base][; as good: ...]" and, for a baseline that leads, who is next.
std::string lead(const Comparison& comparison, const Ranking& ranking, Member member,
                 const std::string& amount) {
  const ComparedVariant& baseline = comparison.variants.front();
  const bool ahead = ranking.first != &baseline;
  std::string text = joined({fmt::format("{}: {}", ranking.first->name, amount),
                             ahead ? factor_of(*ranking.first, baseline, member) : ""});
  if (!ranking.alike.empty())
    text += fmt::format("; not to be told from it: {}", names(ranking.alike));
  if (!ahead)
    text +=
        fmt::format("; next {} with {}", ranking.next->name,
                    text_factor((ranking.next->*member)->value / (ranking.first->*member)->value));
  return text;
}

std::string prices(const Comparison& comparison) {
  const auto& variants = comparison.variants;
  if (variants.front().prices.empty()) return {};
  const bool same = std::all_of(variants.begin(), variants.end(), [&](const ComparedVariant& each) {
    return each.prices == variants.front().prices;
  });
  std::string text = " Rests on these prices: " + variants.front().prices;
  return text + (same ? "." : ", for the baseline; others differ.");
}

// What first touch is measured without.
std::string not_counted(const Comparison& comparison) {
  Variants populated;
  bool warmed_up = false;
  for (const ComparedVariant& each : comparison.variants) {
    if (each.populated) populated.push_back(&each);
    warmed_up |= each.warmed_up;
  }
  std::string text = warmed_up ? " Faults of the warm-up are not counted." : "";
  if (populated.empty()) return text;
  const bool all = populated.size() == comparison.variants.size();
  return text + fmt::format(" Populated before the clock started, which is not counted: {}.",
                            all ? "all" : names(populated));
}

std::string sentence(const ComparedVariant& variant, const std::string& baseline,
                     const BreakEven& even) {
  const bool pays = even.more_fault_us > 0;
  return fmt::format(
      "{} takes {} {} in faults and {} ns {} per access: {} after {} accesses, if nothing more is "
      "touched first.",
      variant.name, text_time_us(std::abs(even.more_fault_us)), pays ? "more" : "less",
      text_number(std::abs(even.more_ns_per_access)), pays ? "less" : "more",
      pays ? fmt::format("ahead of {}", baseline) : fmt::format("behind {}", baseline),
      text_short(even.accesses));
}

}  // namespace

std::string steady_verdict(const Comparison& comparison) {
  const Member member = &ComparedVariant::steady_ns;
  const Ranking ranking = rank(comparison, member);
  if (!ranking.first) return {};
  if (!ranking.next) return "Steady state: no difference worth naming.";
  const ComparedVariant& baseline = comparison.variants.front();
  std::string text =
      "Steady state (vCPU time without fault software): " +
      lead(comparison, ranking, member,
           fmt::format("{} ns per access", text_number((ranking.first->*member)->value)));
  if (ranking.first != &baseline)
    for (const std::string& part : {why(baseline, *ranking.first), price(baseline, *ranking.first)})
      if (!part.empty()) text += "; " + part;
  return text + '.';
}

std::string first_touch_verdict(const Comparison& comparison) {
  const Member member = &ComparedVariant::fault_us;
  const Ranking ranking = rank(comparison, member);
  if (!ranking.first) return {};
  const bool none =
      std::all_of(comparison.variants.begin(), comparison.variants.end(),
                  [&](const ComparedVariant& each) { return (each.*member)->value == 0; });
  if (none) return "First touch: no fault was measured." + not_counted(comparison);
  if (!ranking.next) return "First touch: no difference worth naming." + not_counted(comparison);
  const std::string amount =
      fmt::format("{} of fault software", text_time_us((ranking.first->*member)->value));
  return "First touch (all fault software): " + lead(comparison, ranking, member, amount) + '.' +
         not_counted(comparison) + prices(comparison);
}

std::vector<std::string> break_even_sentences(const Comparison& comparison) {
  std::vector<std::string> all;
  for (const ComparedVariant& variant : comparison.variants)
    if (variant.break_even)
      all.push_back(sentence(variant, comparison.variants.front().name, *variant.break_even));
  return all;
}

}  // namespace nestwalk
