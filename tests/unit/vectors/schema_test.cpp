// The schemas of vectors and records accept what is shipped, and refuse what is not of their form.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "common/vectors/line_reader.h"
#include "unit/config/schema_interpreter.h"

namespace nestwalk {
namespace {

using Json = nlohmann::ordered_json;
using config::schema_accepts;

const std::string folder = NESTWALK_SOURCE_DIR "/tests/conformance/";

Json schema(const std::string& name) { return Json::parse(std::ifstream(folder + name)); }

// Calls `use` with every `stride`-th line of every file below a folder.
template <class Use>
void for_lines(const std::string& below, std::size_t stride, Use use) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder + below)) {
    if (file.path().extension() != ".xz") continue;
    LineReader reader(file.path().string());
    for (std::string line; reader.next(line);)
      if (reader.line_number() % stride == 0) use(file.path().string(), Json::parse(line));
  }
}

Json first_line(const std::string& file) {
  LineReader reader(folder + file);
  std::string line;
  reader.next(line);
  return Json::parse(line);
}

}  // namespace

TEST_CASE("shipped vectors have the form that the schema states") {
  const Json form = schema("vectors/vector.schema.json");
  std::size_t lines = 0;
  for_lines("vectors", 97, [&](const std::string& file, const Json& line) {
    CAPTURE(file);
    CHECK(schema_accepts(form, line));
    ++lines;
  });
  CHECK(lines > 40);
}

TEST_CASE("shipped records have the form that the schema states") {
  const Json form = schema("records/record.schema.json");
  std::size_t lines = 0;
  for_lines("records", 11, [&](const std::string& file, const Json& line) {
    CAPTURE(file);
    CHECK(schema_accepts(form, line));
    ++lines;
  });
  CHECK(lines > 30);
}

TEST_CASE("the schemas refuse lines without what is read") {
  Json form = schema("vectors/vector.schema.json");
  Json line = first_line("vectors/x86/x86-pa40.jsonl.xz");
  line["accesses"][0]["res"] = {{"kind", "ok"}, {"pa", "0x1000"}};  // the address only
  CHECK(schema_accepts(form, line));
  line["accesses"][0]["res"].erase("pa");
  CHECK_FALSE(schema_accepts(form, line));
  line = first_line("vectors/arm64/arm64-s1.jsonl.xz");
  REQUIRE(schema_accepts(form, line));
  line["accesses"][0]["el"] = 3;
  CHECK_FALSE(schema_accepts(form, line));

  form = schema("records/record.schema.json");
  line = first_line("records/x86-7.3-tdp.jsonl.xz");
  REQUIRE(schema_accepts(form, line));
  line["slots"][0]["kind"] = 3;
  CHECK_FALSE(schema_accepts(form, line));
  line = first_line("records/arm64-scripted-7.3.4.jsonl.xz");
  REQUIRE(schema_accepts(form, line));
  line["setup"].erase("slots");
  CHECK_FALSE(schema_accepts(form, line));
}

}  // namespace nestwalk
