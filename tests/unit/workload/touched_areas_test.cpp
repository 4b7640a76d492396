// Which addresses a workload may touch: never fewer than it does.
#include "common/workload/touched_areas.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "common/workload/make_source.h"
#include "support.h"

using namespace nestwalk;
using namespace workload_test;

TEST_CASE("areas of generators: the data, and the code where there are fetches") {
  GeneratorSpec spec;
  spec.footprint_bytes = 1 << 20;
  spec.space = 3;
  const TouchedArea data{3, Va{spec.base}, Va{spec.base + (1 << 20) - 1}};
  CHECK(touched_areas({spec}) == std::vector{data});
  spec.fetch_fraction = 0.5;
  const TouchedArea code{3, Va{spec.code_base}, Va{spec.code_base + (64 << 10) - 1}};
  CHECK(touched_areas({spec}) == std::vector{data, code});
}

TEST_CASE("areas of phases: each once, in the order of the phases") {
  GeneratorSpec high, low;
  high.base = 1 << 30;
  low.base = 1 << 20;
  low.footprint_bytes = high.footprint_bytes = 1 << 20;
  const auto areas = touched_areas({PhasesSpec{{high, low, high}, 5}});
  REQUIRE(areas.size() == 2);
  CHECK(areas[0].first == Va{high.base});
  CHECK(areas[1].first == Va{low.base});
}

TEST_CASE("every access of a generator lies in its areas, on each vCPU") {
  for (const auto& law :
       {decltype(GeneratorSpec::law){StrideLaw{-192}}, decltype(GeneratorSpec::law){UniformLaw{}},
        decltype(GeneratorSpec::law){ZipfLaw{}}, decltype(GeneratorSpec::law){PointerChaseLaw{}}}) {
    GeneratorSpec spec;
    spec.law = law;
    spec.footprint_bytes = 768 << 10;
    spec.fetch_fraction = 0.2;
    spec.count = 5000;
    const auto areas = touched_areas({spec});
    for (const unsigned vcpu : {0u, 1u}) {
      const auto source = make_source({spec}, vcpu, 1);
      for (const MemoryAccess& access : collect(*source))
        CHECK(std::any_of(areas.begin(), areas.end(), [&](const TouchedArea& area) {
          return area.first <= access.va && access.va <= area.last;
        }));
    }
  }
}

TEST_CASE("areas of a trace: its pages, neighbours joined, by space and address") {
  const TemporaryFile file(
      "R 9000\nW 5000\nR 6008\nR 5010 8 1\nR 5ffc\nR 9ff8\nR fffffffffffff000\nR ffffffffffffff00\n"
      "R 0\nR 20000\n");
  TraceSpec spec;
  spec.path = file.path();
  spec.format = TraceFormat::plain;
  CHECK(touched_areas({spec}) ==
        std::vector<TouchedArea>{{0, Va{0}, Va{0xfff}},
                                 {0, Va{0x5000}, Va{0x6fff}},
                                 {0, Va{0x9000}, Va{0x9fff}},
                                 {0, Va{0x20000}, Va{0x20fff}},
                                 {0, Va{0xfffffffffffff000}, Va{0xffffffffffffffff}},
                                 {1, Va{0x5000}, Va{0x5fff}}});
  spec.skip = 1;
  spec.limit = 100;  // more than two laps
  spec.loop = true;
  const auto part = touched_areas({spec});
  CHECK(part.size() == 6);
  spec.limit = 2;
  CHECK(touched_areas({spec}) == std::vector<TouchedArea>{{0, Va{0x5000}, Va{0x6fff}}});
  spec.path += ".gone";
  CHECK_THROWS_AS(touched_areas({spec}), UserErrors);
}

TEST_CASE("areas of a long trace that goes round few pages") {
  std::string text;
  for (int i = 0; i < 300000; ++i)
    text += "R " + std::string(1, static_cast<char>('1' + i * 7 % 5)) + "000\n";
  const TemporaryFile file(text);
  TraceSpec spec;
  spec.path = file.path();
  spec.format = TraceFormat::plain;
  CHECK(touched_areas({spec}) == std::vector<TouchedArea>{{0, Va{0x1000}, Va{0x5fff}}});
}
