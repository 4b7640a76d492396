// All arm64 translation vectors, cold and with warm caches, and the list of known differences.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "arm64/vector_check.h"
#include "common/vectors/check_files.h"
#include "common/vectors/differences.h"
#include "common/vectors/line_reader.h"
#include "cpu.h"

using namespace nestwalk;

namespace {

const std::string folder = NESTWALK_SOURCE_DIR "/tests/conformance/vectors/arm64/";

std::vector<std::string> vector_files() {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".xz") files.push_back(file.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

CheckTotals check_all(const std::optional<WalkCachesSpec>& repeat_with, std::string& text,
                      const std::string& differences = {}) {
  const auto checker = arm64::make_vector_checker(repeat_with);
  VectorChecker* const checkers[] = {checker.get()};
  std::ostringstream out;
  CheckOptions options;
  options.differences_file = differences;
  const CheckTotals totals = check_files(vector_files(), options, checkers, out);
  text = out.str();
  return totals;
}

}  // namespace

TEST_CASE("all arm64 vectors agree") {
  std::string text;
  const CheckTotals totals = check_all({}, text);
  INFO(text);
  CHECK(totals.checked == 37246);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("all arm64 vectors agree with walk caches and a nested TLB that are warm") {
  std::string text;
  const CheckTotals totals = check_all(arm64::test::small_caches(), text);
  INFO(text);
  CHECK(totals.checked == 37246);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("the differences where the manual wins are listed, each of them and no others") {
  const KnownDifferences listed = load_differences(folder + "differences.json");
  const auto checker = arm64::make_vector_checker();
  std::size_t found = 0;
  for (const std::string& path : vector_files()) {
    LineReader reader(path);
    for (std::string line; reader.next(line);)
      for (const VectorMismatch& mismatch :
           checker->check(nlohmann::json::parse(line), false).mismatches) {
        ++found;
        CHECK_FALSE(mismatch.deviation.empty());
        CHECK(listed.contains({mismatch.id, mismatch.access}));
      }
  }
  CHECK(found == listed.size());
}

TEST_CASE("a wrong vector is found, and a line that is not a vector refused") {
  LineReader reader(vector_files().front());
  std::string text;
  REQUIRE(reader.next(text));
  nlohmann::json line = nlohmann::json::parse(text);
  const auto checker = arm64::make_vector_checker();
  REQUIRE(checker->check(line, false).mismatches.empty());
  nlohmann::json wrong = line;
  for (nlohmann::json& access : wrong["accesses"])
    if (access["res"]["kind"] == "ok") access["res"]["pa"] = "0x123";
  const VectorResult result = checker->check(wrong, true);
  REQUIRE_FALSE(result.mismatches.empty());
  CHECK_FALSE(result.mismatches.front().walk.empty());
  CHECK(result.mismatches.front().deviation.empty());
  wrong["accesses"][0]["type"] = "q";
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  wrong = line;
  wrong["regs"]["HCR_EL2"] = "12";
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  wrong.erase("mem");
  CHECK_THROWS(checker->check(wrong, false));
}
