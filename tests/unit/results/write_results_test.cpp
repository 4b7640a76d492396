// Result directories: whole or not at all.
#include "common/results/write_results.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "common/base/user_error.h"
#include "common/results/json.h"
#include "unit/results/sample_results.h"
#include "unit/results/sandbox.h"

using namespace nestwalk;
namespace fs = std::filesystem;

namespace {

std::string failure_of(const fs::path& directory) {
  try {
    write_results(directory, sample_4k());
  } catch (const UserErrors& errors) {
    return errors.what();
  }
  return {};
}

}  // namespace

TEST_CASE("writing and reading a result directory") {
  const Sandbox sandbox;
  write_results(sandbox / "new/deep/result", sample_4k());
  Results expected = sample_4k();
  expected.host.reset();
  CHECK(read_results(sandbox / "new/deep/result") == expected);
  CHECK(read_results(sandbox / "new/deep/result/result.json") == expected);
  CHECK(sandbox.names("new/deep") == std::set<std::string>{"result"});
  for (const char* name : {"result.json", "host.json", "report.txt", "config.yaml", "latency.csv",
                           "references.csv", "tlb.csv", "time_split.csv", "summary.csv"})
    CHECK_MESSAGE(sandbox.names("new/deep/result").contains(name), name);
}

TEST_CASE("all files but host.json are the same bytes whatever the host measured") {
  Results results = sample_4k();
  const FileTexts before = result_files(results);
  results.host = HostMeasures{1, 1, 1};
  const FileTexts after = result_files(results);
  REQUIRE(before.size() == after.size());
  for (const auto& [name, text] : before)
    CHECK_MESSAGE((text == after.at(name)) == (name != "host.json"), name);
}

TEST_CASE("an earlier result is replaced as a whole, also through a link or with a slash") {
  const Sandbox sandbox;
  write_results(sandbox / "r", sample_4k());
  write_results(sandbox / "r/", sample_2m());
  CHECK(read_results(sandbox / "r").meta.variant == "2M+2M");
  fs::create_directory_symlink(sandbox / "r", sandbox / "link");
  write_results(sandbox / "link", sample_4k());
  CHECK(fs::is_symlink(sandbox / "link"));
  CHECK(read_results(sandbox / "r").meta.variant == "4K+4K");
  fs::create_directory(sandbox / "empty");
  write_results(sandbox / "empty", sample_4k());
  CHECK(sandbox.names() == std::set<std::string>{"r", "link", "empty"});
}

TEST_CASE("a directory that holds anything else, or a file, is left alone") {
  const Sandbox sandbox;
  write_results(sandbox / "r", sample_4k());
  write_file(sandbox / "r/notes.txt", "mine");
  CHECK(failure_of(sandbox / "r").find("notes.txt") != std::string::npos);
  CHECK(read_file(sandbox / "r/notes.txt") == "mine");
  write_file(sandbox / "file", "mine");
  CHECK(failure_of(sandbox / "file").find("not a directory") != std::string::npos);
  CHECK(failure_of(sandbox / "file/below").find("parent") != std::string::npos);
  CHECK(failure_of("/").find("no place") != std::string::npos);
  CHECK(sandbox.names() == std::set<std::string>{"r", "file"});
}

TEST_CASE("a disk that fills up leaves nothing, or the earlier result") {
  const Sandbox sandbox;
  write_results(sandbox / "old", sample_2m());
  for (const rlim_t bytes : {0, 1, 600, 5000}) {
    std::string fresh, again;
    {
      const FileSizeLimit limit(bytes);
      fresh = failure_of(sandbox / "fresh");
      again = failure_of(sandbox / "old");
    }
    CAPTURE(bytes);
    CHECK(fresh.find("fresh/") != std::string::npos);
    CHECK(fresh.find("cannot be written: ") != std::string::npos);
    CHECK(again.find("cannot be written: ") != std::string::npos);
    CHECK(sandbox.names() == std::set<std::string>{"old"});
    CHECK(read_results(sandbox / "old").meta.variant == "2M+2M");
  }
}

TEST_CASE("a single file on a full device") {
  if (!fs::exists("/dev/full")) return;
  CHECK_THROWS_WITH_AS(write_file("/dev/full", "text"),
                       "/dev/full: cannot be written: No space left on device", UserErrors);
}

TEST_CASE("a place that cannot be written") {
  // The system's own files refuse even the superuser; an ordinary directory only others.
  CHECK(failure_of("/proc/nestwalk-result").find("cannot write beside it") != std::string::npos);
  if (::geteuid() == 0) return;
  const Sandbox sandbox;
  fs::permissions(sandbox / ".", fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(failure_of(sandbox / "r").find("Permission denied") != std::string::npos);
  fs::permissions(sandbox / ".", fs::perms::owner_all);
}

TEST_CASE("what is no result directory is refused") {
  const Sandbox sandbox;
  fs::create_directory(sandbox / "empty");
  CHECK_THROWS_AS(read_results(sandbox / "empty"), UserErrors);
  CHECK_THROWS_AS(read_results(sandbox / "missing"), UserErrors);
  CHECK_THROWS_AS(read_file(sandbox / "empty"), UserErrors);
  write_file(sandbox / "cut.json", to_json(sample_4k()).substr(0, 1000));
  CHECK_THROWS_AS(read_results(sandbox / "cut.json"), UserErrors);
}

TEST_CASE("a comparison is a directory of its own") {
  const Sandbox sandbox;
  write_comparison(sandbox / "c", compare({sample_4k(), sample_2m()}));
  CHECK(sandbox.names("c") == std::set<std::string>{"comparison.csv", "comparison.json",
                                                    "comparison.txt", "time_split.csv"});
}
