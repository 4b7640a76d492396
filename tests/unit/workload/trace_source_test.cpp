#include <doctest/doctest.h>

#include <filesystem>

#include "common/workload/make_source.h"
#include "support.h"

using namespace workload_test;

namespace {

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "R " + std::to_string(i) + " 1\n";
  return text;
}
TraceSpec spec_of(const TemporaryFile& file) {
  TraceSpec spec;
  spec.path = file.path();
  return spec;
}
std::vector<std::uint64_t> addresses(const TraceSpec& spec, std::size_t batch = 3) {
  const auto source = make_source(WorkloadSpec{spec}, 0, 0);
  std::vector<std::uint64_t> found;
  for (const auto& access : collect(*source, batch)) found.push_back(access.va.value);
  return found;
}
using Addresses = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("skip and limit") {
  const TemporaryFile file(lines(6));
  TraceSpec spec = spec_of(file);
  CHECK(addresses(spec) == Addresses{0, 1, 2, 3, 4, 5});
  spec.skip = 4;
  CHECK(addresses(spec) == Addresses{4, 5});
  spec.skip = 1;
  spec.limit = 2;
  CHECK(addresses(spec) == Addresses{1, 2});
  spec.limit = 100;
  CHECK(addresses(spec) == Addresses{1, 2, 3, 4, 5});
}

TEST_CASE("loop begins again, after what is skipped, until the limit") {
  const TemporaryFile file(gzipped(lines(4)));
  TraceSpec spec = spec_of(file);
  spec.loop = true;
  spec.limit = 9;
  CHECK(addresses(spec) == Addresses{0, 1, 2, 3, 0, 1, 2, 3, 0});
  spec.skip = 2;
  spec.limit = 5;
  CHECK(addresses(spec) == Addresses{2, 3, 2, 3, 2});
  CHECK(addresses(spec, 100) == Addresses{2, 3, 2, 3, 2});
}

TEST_CASE("every vCPU replays the same trace, and the end stays the end") {
  const TemporaryFile file(lines(5));
  const WorkloadSpec spec{spec_of(file)};
  const auto one = make_source(spec, 0, 1), other = make_source(spec, 3, 2);
  CHECK(collect(*one) == collect(*other));
  MemoryAccess more[2];
  CHECK(one->next(more) == 0);
  CHECK(one->next(more) == 0);
}

TEST_CASE("a skip that leaves nothing is a mistake") {
  const TemporaryFile file(lines(5));
  TraceSpec spec = spec_of(file);
  spec.skip = 2000;
  CHECK(error_of([&] { addresses(spec); }) ==
        file.path() + ": skip is 2000, but the trace has only 5 accesses");
  spec.skip = 5;
  CHECK(error_of([&] { addresses(spec); }) ==
        file.path() + ": skip is 5, which is all of the trace");
  spec.loop = true;
  spec.limit = 10;
  CHECK(error_of([&] { addresses(spec); }) ==
        file.path() + ": skip is 5, which is all of the trace");
}

TEST_CASE("a trace without accesses is a mistake") {
  const TemporaryFile file("# nothing\n");
  CHECK(error_of([&] { addresses(spec_of(file)); }) == file.path() + ": the trace has no accesses");
  const TemporaryFile empty("");
  CHECK(error_of([&] { addresses(spec_of(empty)); }) == empty.path() + ": the trace is empty");
}

TEST_CASE("files that cannot be read") {
  TraceSpec spec;
  spec.path = "/nonexistent/trace.xz";
  CHECK(error_of([&] { addresses(spec); }) ==
        "/nonexistent/trace.xz: cannot open: No such file or directory");
  spec.path = std::filesystem::temp_directory_path().string();
  const std::string error = error_of([&] { addresses(spec); });
  CHECK_MESSAGE(error.starts_with(spec.path + ": cannot read: "), error);
  CHECK_MESSAGE(error.find("Is a directory") != std::string::npos, error);
  if (geteuid() != 0) {
    const TemporaryFile file(lines(1));
    std::filesystem::permissions(file.path(), std::filesystem::perms::none);
    CHECK(error_of([&] { addresses(spec_of(file)); }) ==
          file.path() + ": cannot open: Permission denied");
  }
}

TEST_CASE("mistakes in the trace name file and line") {
  const TemporaryFile file("R 10\nR 20\nQ 30\n");
  CHECK(error_of([&] {
          addresses(spec_of(file));
        }).starts_with(file.path() + ":3: cannot read \"Q 30\""));
}
