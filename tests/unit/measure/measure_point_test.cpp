// A point measured on this machine, whatever it is.
#include "common/measure/measure_point.h"

#include <doctest/doctest.h>

using namespace nestwalk;

namespace {
const auto never = [] { return false; };
}

TEST_CASE("each kind gives a time above zero and the page size it was asked for") {
  const SystemPages system = system_pages();
  for (const PointKind kind : all_point_kinds) {
    CAPTURE(name(kind));
    const PointSpec spec{kind, system.base_bytes, 64, 1};
    const PointOutcome outcome = measure_point(spec, 4160, 0.005, system, never);
    REQUIRE(outcome.point);
    CHECK(outcome.point->min_ns > 0);
    CHECK(*outcome.point->median_ns >= outcome.point->min_ns);
    CHECK(outcome.point->obtained_page_bytes == system.base_bytes);
    CHECK(outcome.point->frequency_mhz > 100);
    CHECK(outcome.point->frequency_mhz < 10'000);
  }
}

TEST_CASE("pages that the system does not have") {
  SystemPages system = system_pages();
  system.hugetlb_1g_free_pages = 0;
  const PointSpec spec{PointKind::chase, std::uint64_t{1} << 30, 1'000'000, 1};
  const PointOutcome outcome = measure_point(spec, 4160, 0.005, system, never);
  CHECK_FALSE(outcome.point);
  CHECK(outcome.why_not == "the system does not map such pages");
}
