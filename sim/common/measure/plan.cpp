#include "common/measure/plan.h"

#include <algorithm>

namespace nestwalk {
namespace {

constexpr std::uint64_t fewest_pages = 4, most_pages = 36'414;
constexpr std::uint64_t mib = std::uint64_t{1} << 20, gib = std::uint64_t{1} << 30;

struct Extent {
  std::uint64_t first, last;                   // of the curve over page counts
  std::vector<std::uint64_t> overlap_pages;    // where several chains are followed
  std::vector<std::uint64_t> all_lines_bytes;  // where all lines are read
  std::uint64_t stream_bytes, touch_bytes;
};

Extent extent(PlanSize size) {
  if (size == PlanSize::quick) return {56, 4796, {4796}, {mib}, 16 * mib, 4 * mib};
  return {18,        most_pages, {422, 4796, 16'184}, {mib / 32, mib, 3 * mib, 6 * mib, 64 * mib},
          256 * mib, 64 * mib};
}

}  // namespace

std::vector<std::uint64_t> page_counts(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> counts;
  for (std::uint64_t count = fewest_pages; count <= last; count = count * 3 / 2 / 2 * 2)
    if (count >= first) counts.push_back(count);
  return counts;
}

std::vector<PointSpec> make_plan(PlanSize size, const SystemPages& system,
                                 std::uint64_t memory_bytes) {
  const Extent wanted = extent(size);
  std::vector<PointSpec> plan;
  const auto add = [&](PointKind kind, std::uint64_t page_bytes, std::uint64_t pages,
                       std::uint32_t chains = 1) {
    if (pages && pages <= memory_bytes / page_bytes)
      plan.push_back({kind, page_bytes, pages, chains});
  };
  std::vector<std::uint64_t> sizes = {system.base_bytes};
  if (system.huge_bytes) sizes.push_back(system.huge_bytes);
  for (const std::uint64_t page_bytes : sizes)
    for (const std::uint64_t pages : page_counts(wanted.first, wanted.last))
      add(PointKind::chase, page_bytes, pages);
  for (const std::uint64_t pages : page_counts(fewest_pages, system.hugetlb_1g_free_pages))
    plan.push_back({PointKind::chase, gib, pages, 1});  // memory set aside for this
  for (const std::uint64_t pages : wanted.overlap_pages)
    for (const std::uint32_t chains : {2u, 4u, 8u, 16u})
      add(PointKind::chase, system.base_bytes, pages, chains);
  for (const std::uint64_t bytes : wanted.all_lines_bytes)
    add(PointKind::lines, system.base_bytes, bytes / system.base_bytes);
  for (const std::uint64_t page_bytes : sizes)
    add(PointKind::stream, page_bytes, wanted.stream_bytes / page_bytes);
  for (const std::uint64_t page_bytes : sizes)
    add(PointKind::touch, page_bytes, wanted.touch_bytes / page_bytes);
  return plan;
}

}  // namespace nestwalk
