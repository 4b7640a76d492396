// Which points are measured.
#include "common/measure/plan.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nestwalk;

namespace {
constexpr std::uint64_t mib = std::uint64_t{1} << 20, gib = std::uint64_t{1} << 30;
}

TEST_CASE("numbers of pages grow by half") {
  CHECK(page_counts(56, 36'414) == std::vector<std::uint64_t>{56, 84, 126, 188, 282, 422, 632, 948,
                                                              1422, 2132, 3198, 4796, 7194, 10'790,
                                                              16'184, 24'276, 36'414});
  CHECK(page_counts(1, 12) == std::vector<std::uint64_t>{4, 6, 8, 12});
  CHECK(page_counts(1, 0).empty());
}

TEST_CASE("the plan keeps within memory and what the system can map") {
  const auto plan = make_plan(PlanSize::full, {4096, 2 * mib, 0}, 64 * mib);
  const auto largest =
      std::max_element(plan.begin(), plan.end(), [](const PointSpec& a, const PointSpec& b) {
        return a.pages * a.page_bytes < b.pages * b.page_bytes;
      });
  CHECK(largest->pages * largest->page_bytes <= 64 * mib);
  for (const PointSpec& spec : plan) CHECK(spec.page_bytes != gib);
  const auto none_huge = make_plan(PlanSize::full, {4096, 0, 0}, gib);
  CHECK(std::all_of(none_huge.begin(), none_huge.end(),
                    [](const PointSpec& spec) { return spec.page_bytes == 4096; }));
}

TEST_CASE("1G pages are measured as far as there are free ones") {
  const auto plan = make_plan(PlanSize::full, {4096, 2 * mib, 9}, 64 * mib);
  std::vector<std::uint64_t> counts;
  for (const PointSpec& spec : plan)
    if (spec.page_bytes == gib) counts.push_back(spec.pages);
  CHECK(counts == std::vector<std::uint64_t>{4, 6, 8});
}

TEST_CASE("every kind of measurement is in both plans; several chains only in chases") {
  for (const PlanSize size : {PlanSize::quick, PlanSize::full}) {
    const auto plan = make_plan(size, {4096, 2 * mib, 0}, gib);
    for (const PointKind kind : all_point_kinds)
      CHECK(std::any_of(plan.begin(), plan.end(),
                        [&](const PointSpec& spec) { return spec.kind == kind; }));
    for (const PointSpec& spec : plan) {
      CHECK(spec.pages > 0);
      if (spec.kind != PointKind::chase) CHECK(spec.chains == 1);
    }
  }
}
