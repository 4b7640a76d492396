#include "common/workload/validate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "common/workload/make_source.h"
#include "support.h"

using namespace workload_test;

namespace {

template <class Change>
std::string problems_of(Change change) {
  GeneratorSpec spec;
  change(spec);
  return error_of([&] { validate(WorkloadSpec{spec}); });
}

}  // namespace

TEST_CASE("the defaults of every law are valid") {
  CHECK(problems_of([](auto& s) { s.law = StrideLaw{}; }) == "no error");
  CHECK(problems_of([](auto& s) { s.law = UniformLaw{}; }) == "no error");
  CHECK(problems_of([](auto& s) { s.law = ZipfLaw{}; }) == "no error");
  CHECK(problems_of([](auto& s) { s.law = PointerChaseLaw{}; }) == "no error");
}

TEST_CASE("impossible values are named, with what is allowed") {
  CHECK(problems_of([](auto& s) { s.count = 0; }) == "count: is 0; must be at least 1");
  CHECK(problems_of([](auto& s) { s.write_fraction = 1.5; }) ==
        "write_fraction: is 1.5; allowed: 0 to 1");
  CHECK(problems_of([](auto& s) { s.fetch_fraction = std::nan(""); }) ==
        "fetch_fraction: is nan; allowed: 0 to 1");
  CHECK(problems_of([](auto& s) { s.access_bytes = 24; }) ==
        "access_bytes: is 24; allowed: 1, 2, 4, 8, 16, 32, 64");
  CHECK(problems_of([](auto& s) { s.access_bytes = 0; }) ==
        "access_bytes: is 0; allowed: 1, 2, 4, 8, 16, 32, 64");
  CHECK(problems_of([](auto& s) { s.access_bytes = 128; }) ==
        "access_bytes: is 128; allowed: 1, 2, 4, 8, 16, 32, 64");
  CHECK(problems_of([](auto& s) { s.base = 0x1001; }) ==
        "base: is 0x1001; must be a multiple of 4096");
  CHECK(problems_of([](auto& s) { s.footprint_bytes = 4097; }) ==
        "footprint_bytes: is 4097; must be a multiple of 8, and not 0");
  CHECK(problems_of([](auto& s) { s.footprint_bytes = 0; }) ==
        "footprint_bytes: is 0; must be a multiple of 8, and not 0");
  CHECK(problems_of([](auto& s) { s.footprint_bytes = 0 - std::uint64_t{4096}; }) ==
        "footprint_bytes: is 18446744073709547520; from 0x1000000000 that runs past the end of the "
        "address space");
  CHECK(problems_of([](auto& s) { s.code_bytes = 100; }) ==
        "code_bytes: is 100; must be a multiple of 64, and not 0");
  CHECK(problems_of([](auto& s) { s.code_base = 64; }) ==
        "code_base: is 0x40; must be a multiple of 4096");
  CHECK(problems_of([](auto& s) { s.law = StrideLaw{0}; }) ==
        "stride.stride_bytes: is 0; must be a multiple of access_bytes (8), and not 0");
  CHECK(problems_of([](auto& s) { s.law = StrideLaw{-12}; }) ==
        "stride.stride_bytes: is -12; must be a multiple of access_bytes (8), and not 0");
  CHECK(problems_of([](auto& s) { s.law = StrideLaw{std::numeric_limits<std::int64_t>::min()}; }) ==
        "no error");
  CHECK(problems_of([](auto& s) { s.law = ZipfLaw{0}; }) ==
        "zipf.exponent: is 0; allowed: above 0, up to 8");
  CHECK(problems_of([](auto& s) { s.law = ZipfLaw{std::nan("")}; }) ==
        "zipf.exponent: is nan; allowed: above 0, up to 8");
  CHECK(problems_of([](auto& s) {
          s.law = ZipfLaw{1, 100};
        }) == "zipf.item_bytes: is 100; must be a multiple of access_bytes (8), and not 0");
  CHECK(problems_of([](auto& s) { s.law = PointerChaseLaw{0}; }) ==
        "pointer_chase.node_bytes: is 0; must be a multiple of access_bytes (8), and not 0");
  CHECK(problems_of([](auto& s) { s.law = PointerChaseLaw{24}; }) ==
        "footprint_bytes: is 1073741824; must be a multiple of pointer_chase.node_bytes (24)");
  CHECK(problems_of([](auto& s) {
          s.law = PointerChaseLaw{64, 4};
        }) == "pointer_chase.offset_step_bytes: is 4; must be a multiple of access_bytes (8)");
}

TEST_CASE("all mistakes are found at once, and phases are numbered") {
  PhasesSpec spec;
  spec.repeat = 0;
  spec.phases.resize(2);
  spec.phases[1].count = 0;
  spec.phases[1].write_fraction = -1;
  const auto found = workload_problems(WorkloadSpec{spec});
  REQUIRE(found.size() == 3);
  CHECK(found[0].key == "repeat");
  CHECK(found[1].key == "phases[1].count");
  CHECK(found[2].key == "phases[1].write_fraction");
  CHECK(workload_problems(WorkloadSpec{PhasesSpec{}}).at(0).key == "phases");
}

TEST_CASE("traces: a path is needed, and a limit to loop") {
  CHECK(error_of([] { validate(WorkloadSpec{TraceSpec{}}); }) ==
        "path: is empty; it names the trace file");
  TraceSpec spec;
  spec.path = "some.trace";
  spec.loop = true;
  CHECK(error_of([&] { validate(WorkloadSpec{spec}); }) ==
        "limit: is 0 (no limit) with loop; a looping trace needs a limit");
}

TEST_CASE("no source is made from an invalid spec") {
  GeneratorSpec spec;
  spec.count = 0;
  CHECK(error_of([&] { make_source(WorkloadSpec{spec}, 0, 0); }) ==
        "count: is 0; must be at least 1");
}
