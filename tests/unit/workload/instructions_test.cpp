// How many instructions the accesses stand for, where the input says.
#include <doctest/doctest.h>

#include "common/workload/make_source.h"
#include "common/workload/measured_source.h"
#include "support.h"

using namespace workload_test;

namespace {

TraceSpec spec_of(const TemporaryFile& file) {
  TraceSpec spec;
  spec.path = file.path();
  return spec;
}

}  // namespace

TEST_CASE("instructions of generators and of phases") {
  GeneratorSpec spec;
  spec.footprint_bytes = 1 << 20;
  spec.count = 1000;
  auto source = make_source({spec}, 0, 1);
  collect(*source);
  CHECK_FALSE(source->instructions());
  spec.instructions_per_access = 2.5;
  source = make_source({spec}, 0, 1);
  CHECK(source->instructions() == 0);
  collect(*source);
  CHECK(source->instructions() == 2500);
  GeneratorSpec other = spec;
  other.instructions_per_access = 4;
  auto phases = make_source({PhasesSpec{{spec, other}, 2}}, 0, 1);
  collect(*phases);
  CHECK(phases->instructions() == 2 * (2500 + 4000));
  other.instructions_per_access = 0;
  CHECK_FALSE(make_source({PhasesSpec{{spec, other}, 2}}, 0, 1)->instructions());
}

TEST_CASE("instructions of text traces: told by comments, else not known") {
  const TemporaryFile silent("R 1000\nR 2000\n"),
      plain(
          "R 1000\n# instructions 30\nR 2000\n"
          "R 3000\n# instructions 12\n"),
      lackey("==7== other\n L 1000,8\n==0== instructions 5\n S 2000,8\n==0== instructions x\n");
  const auto told = [](const TraceSpec& spec) {
    const auto source = make_source({spec}, 0, 0);
    collect(*source, 2);
    return source->instructions();
  };
  CHECK_FALSE(told(spec_of(silent)));
  CHECK(told(spec_of(plain)) == 42);
  CHECK(told(spec_of(lackey)) == 5);
  TraceSpec part = spec_of(plain);
  part.skip = 2;  // what was told before the second access is left out
  CHECK(told(part) == 12);
  part.loop = true;
  part.limit = 3;
  CHECK(told(part) == 3 * 12 - 12);  // the last lap has not come to its comment
}

TEST_CASE("instructions from behind the warm-up on, whatever the batches") {
  GeneratorSpec spec;
  spec.footprint_bytes = 1 << 20;
  spec.count = 1000;
  spec.instructions_per_access = 3;
  for (const std::size_t batch : {1u, 7u, 100u, 256u, 2000u})
    for (const std::uint64_t warmup : {0u, 1u, 256u, 999u, 1000u}) {
      MeasuredSource source(make_source({spec}, 0, 1), warmup);
      const auto same = make_source({spec}, 0, 1);
      CHECK(collect(source, batch) == collect(*same));
      CHECK(source.instructions() == 3 * (1000 - warmup));
    }
  MeasuredSource short_of(make_source({spec}, 0, 1), 1001);
  collect(short_of);
  CHECK_FALSE(short_of.instructions());
}
