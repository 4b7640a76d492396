#include "common/measure/repeat.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>

#include "common/measure/chain.h"
#include "common/measure/loops.h"
#include "common/measure/page_size.h"

namespace nestwalk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t line_bytes = 64;
constexpr std::uint64_t order_seed = 1;
constexpr std::uint64_t fewest_loads = 20'000;  // of a repetition: some 25 us at least
constexpr std::size_t fewest_repetitions = 3;

std::uint64_t obtained_page_bytes(const Region& region, const SystemPages& system) {
  std::ifstream file("/proc/self/smaps");
  const std::string smaps{std::istreambuf_iterator<char>(file), {}};
  return mapped_page_bytes(smaps, reinterpret_cast<std::uintptr_t>(region.data()), region.bytes(),
                           system.huge_bytes)
      .value_or(0);
}

// Calls `once`, which returns nanoseconds per unit, until the time is over.
template <class Once>
std::vector<double> repetitions(double seconds, Once once) {
  std::vector<double> all;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (all.size() < fewest_repetitions || Clock::now() < end) all.push_back(once());
  return all;
}

// Pages are touched in the order of their addresses first, as a program fills its memory: tables
// and frames then lie as they usually do, and not in the order of the chain.
std::vector<double> repeat_chase(const PointSpec& spec, std::uint64_t line_step_bytes,
                                 double seconds, const Region& region) {
  (void)touch_ns(region.data(), region.bytes(), spec.page_bytes);
  const std::uint64_t node_bytes = spec.kind == PointKind::lines ? line_bytes : spec.page_bytes;
  const auto nodes = static_cast<std::uint32_t>(region.bytes() / node_bytes);
  const std::vector<std::uint32_t> order = cyclic_order(nodes, order_seed);
  link_chain(region.data(), order, node_bytes, line_step_bytes);
  // Chains follow each other round the cycle at equal distances: none meets a page that another has
  // just visited.
  std::vector<std::byte*> heads;
  for (std::uint32_t chain = 0; chain < spec.chains; ++chain)
    heads.push_back(region.data() + line_offset(order[std::uint64_t{chain} * nodes / spec.chains],
                                                node_bytes, line_step_bytes));
  const std::uint64_t rounds = (fewest_loads + nodes - 1) / nodes;
  const std::uint64_t steps = std::max<std::uint64_t>(1, rounds * nodes / spec.chains);
  (void)chase_ns(heads, 2 * std::uint64_t{nodes});  // warm-up
  const double loads = static_cast<double>(steps * spec.chains);
  return repetitions(seconds, [&] { return chase_ns(heads, steps) / loads; });
}

double rounded(double ns) { return std::round(ns * 1000) / 1000; }

}  // namespace

PointOutcome repeat_point(const PointSpec& spec, std::uint64_t line_step_bytes, double seconds,
                          const SystemPages& system) {
  std::optional<Region> region = Region::map(spec.pages, spec.page_bytes, system);
  if (!region) return {{}, "the system does not map such pages"};
  Point point;
  point.spec = spec;
  const double mhz_before = clock_mhz();
  std::vector<double> ns;
  switch (spec.kind) {
    case PointKind::chase:
    case PointKind::lines:
      ns = repeat_chase(spec, line_step_bytes, seconds, *region);
      break;
    case PointKind::stream: {
      (void)touch_ns(region->data(), region->bytes(), system.base_bytes);
      const double lines = static_cast<double>(region->bytes() / line_bytes);
      ns = repetitions(seconds, [&] { return stream_ns(region->data(), region->bytes()) / lines; });
      break;
    }
    case PointKind::touch:
      ns = repetitions(seconds, [&] {
        region.reset();
        region.emplace(*Region::map(spec.pages, spec.page_bytes, system));
        return touch_ns(region->data(), region->bytes(), spec.page_bytes) /
               static_cast<double>(spec.pages);
      });
      break;
  }
  point.obtained_page_bytes = obtained_page_bytes(*region, system);
  if (point.obtained_page_bytes == 0) return {{}, "pages of several sizes were mapped"};
  point.frequency_mhz = std::max(mhz_before, clock_mhz());
  std::sort(ns.begin(), ns.end());
  point.min_ns = rounded(ns.front());
  point.median_ns = rounded(ns[ns.size() / 2]);
  return {point, {}};
}

}  // namespace nestwalk
