// A large output file: whole or not there, compressed as its name says.
#include "common/results/output_file.h"

#include <doctest/doctest.h>

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <fstream>
#include <sstream>

#include "common/base/user_error.h"
#include "unit/results/sandbox.h"

using namespace nestwalk;
namespace io = boost::iostreams;

namespace {

template <class... Decompressor>
std::string text_of(const std::filesystem::path& path, const Decompressor&... decompressor) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  io::filtering_istream in;
  (in.push(decompressor), ...);
  in.push(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

const std::string lines = [] {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",line\n";
  return text;
}();

void write(const std::filesystem::path& path) {
  OutputFile file(path);
  file.write(lines);
  file.write("end\n");
  file.publish();
}

}  // namespace

TEST_CASE("what was written is there, compressed by suffix") {
  const Sandbox sandbox;
  for (const char* name : {"a.csv", "a.csv.gz", "a.csv.xz", "a.csv.zst"}) write(sandbox / name);
  CHECK(text_of(sandbox / "a.csv") == lines + "end\n");
  CHECK(text_of(sandbox / "a.csv.gz", io::gzip_decompressor()) == lines + "end\n");
  CHECK(text_of(sandbox / "a.csv.xz", io::lzma_decompressor()) == lines + "end\n");
  CHECK(text_of(sandbox / "a.csv.zst", io::zstd_decompressor()) == lines + "end\n");
  for (const char* name : {"a.csv.gz", "a.csv.xz", "a.csv.zst"})
    CHECK(std::filesystem::file_size(sandbox / name) < lines.size() / 2);
  CHECK(sandbox.names() == std::set<std::string>{"a.csv", "a.csv.gz", "a.csv.xz", "a.csv.zst"});
}

TEST_CASE("nothing is in its place before it is whole, and an earlier file stays until then") {
  const Sandbox sandbox;
  {
    OutputFile file(sandbox / "a.csv.gz");
    file.write(lines);
    CHECK_FALSE(std::filesystem::exists(sandbox / "a.csv.gz"));
  }
  CHECK(sandbox.names().empty());
  std::ofstream(sandbox / "a.csv") << "earlier";
  {
    OutputFile file(sandbox / "a.csv");
    file.write(lines);
  }
  CHECK(text_of(sandbox / "a.csv") == "earlier");
  write(sandbox / "a.csv");
  CHECK(text_of(sandbox / "a.csv") == lines + "end\n");
}

TEST_CASE("a disk that fills up is told, and leaves nothing") {
  const Sandbox sandbox;
  for (const char* name : {"a.csv", "a.csv.gz", "a.csv.xz", "a.csv.zst"}) {
    CAPTURE(name);
    const FileSizeLimit limit(5000);
    CHECK_THROWS_AS(write(sandbox / name), UserErrors);
  }
  CHECK(sandbox.names().empty());
}

TEST_CASE("bad places") {
  const Sandbox sandbox;
  CHECK_THROWS_AS(OutputFile(sandbox / "missing/a.csv"), UserErrors);
  CHECK_THROWS_AS(OutputFile(sandbox / "."), UserErrors);
  CHECK_THROWS_AS(OutputFile("/proc/a.csv"), UserErrors);
}
