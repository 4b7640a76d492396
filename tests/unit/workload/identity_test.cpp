#include <doctest/doctest.h>

#include <filesystem>

#include "common/workload/make_source.h"
#include "support.h"

using namespace workload_test;

TEST_CASE("identity of a generator: every field counts") {
  const auto identity = [](auto change) {
    GeneratorSpec spec;
    change(spec);
    return workload_identity(WorkloadSpec{spec});
  };
  std::vector<std::string> all{
      identity([](auto&) {}),
      identity([](auto& s) { s.law = StrideLaw{}; }),
      identity([](auto& s) { s.law = StrideLaw{128}; }),
      identity([](auto& s) { s.law = ZipfLaw{}; }),
      identity([](auto& s) { s.law = ZipfLaw{0.98}; }),
      identity([](auto& s) {
        s.law = ZipfLaw{0.99, 64};
      }),
      identity([](auto& s) {
        s.law = ZipfLaw{0.99, 4096, false};
      }),
      identity([](auto& s) { s.law = PointerChaseLaw{}; }),
      identity([](auto& s) { s.law = PointerChaseLaw{128}; }),
      identity([](auto& s) {
        s.law = PointerChaseLaw{128, 64};
      }),
      identity([](auto& s) {
        s.law = PointerChaseLaw{128, 64, false};
      }),
      identity([](auto& s) { s.base = 0; }),
      identity([](auto& s) { s.footprint_bytes = 4096; }),
      identity([](auto& s) { s.count = 5; }),
      identity([](auto& s) { s.access_bytes = 4; }),
      identity([](auto& s) { s.write_fraction = 0.31; }),
      identity([](auto& s) { s.fetch_fraction = 0.1; }),
      identity([](auto& s) { s.code_base = 0; }),
      identity([](auto& s) { s.code_bytes = 64; }),
      identity([](auto& s) { s.seed = 1; }),
      identity([](auto& s) { s.space = 1; }),
  };
  CHECK(all[0] ==
        "uniform base=0x1000000000 footprint_bytes=1073741824 count=1000000 access_bytes=8 "
        "write_fraction=0.3 fetch_fraction=0 code_base=0x400000 code_bytes=65536 seed=0 space=0");
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("identity of phases: the phases, their order and number") {
  PhasesSpec spec;
  spec.phases.resize(2);
  spec.phases[1].count = 7;
  const std::string one = workload_identity(WorkloadSpec{spec});
  CHECK(one.starts_with("phases repeat=1 [uniform "));
  std::swap(spec.phases[0], spec.phases[1]);
  CHECK(one != workload_identity(WorkloadSpec{spec}));
  std::swap(spec.phases[0], spec.phases[1]);
  CHECK(one == workload_identity(WorkloadSpec{spec}));
  spec.repeat = 2;
  CHECK(one != workload_identity(WorkloadSpec{spec}));
}

TEST_CASE("identity of a trace: contents, not the path; the known CRC of 123456789") {
  const TemporaryFile digits("123456789"), same("123456789"), other("123456780");
  TraceSpec spec;
  spec.format = TraceFormat::plain;
  spec.path = digits.path();
  const std::string one = workload_identity(WorkloadSpec{spec});
  CHECK(one == "trace format=plain skip=0 limit=0 loop=0 bytes=9 crc64=995dc9bbdf1939fa");
  spec.path = same.path();
  CHECK(one == workload_identity(WorkloadSpec{spec}));
  spec.path = other.path();
  CHECK(one != workload_identity(WorkloadSpec{spec}));
  spec.path = digits.path();
  spec.skip = 1;
  CHECK(one != workload_identity(WorkloadSpec{spec}));
}

TEST_CASE("identity of a trace: a format recognised is the same as that format given") {
  const TemporaryFile file("R 1000\n");
  TraceSpec spec;
  spec.path = file.path();
  const std::string recognised = workload_identity(WorkloadSpec{spec});
  spec.format = TraceFormat::plain;
  CHECK(recognised == workload_identity(WorkloadSpec{spec}));
}

TEST_CASE("identity of a trace that is not there, or a directory") {
  TraceSpec spec;
  spec.path = "/nonexistent/trace";
  CHECK(error_of([&] { workload_identity(WorkloadSpec{spec}); }) ==
        "/nonexistent/trace: cannot open: No such file or directory");
  spec.path = std::filesystem::temp_directory_path().string();
  CHECK(error_of([&] { workload_identity(WorkloadSpec{spec}); }).find("Is a directory") !=
        std::string::npos);
}
