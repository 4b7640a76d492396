// All arm64 translation vectors, cold and with warm caches, and the classes of known differences.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "arm64/vector_check.h"
#include "common/vectors/check_files.h"
#include "common/vectors/line_reader.h"
#include "cpu.h"

using namespace nestwalk;

namespace {

const std::string folder = NESTWALK_SOURCE_DIR "/tests/conformance/vectors/arm64/";

const std::string differences_file =
    NESTWALK_SOURCE_DIR "/tests/conformance/vectors/differences.json";

std::vector<std::string> vector_files() {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".xz") files.push_back(file.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

CheckTotals check_all(const std::optional<WalkCachesSpec>& repeat_with, std::string& text) {
  const auto checker = arm64::make_vector_checker(repeat_with);
  VectorChecker* const checkers[] = {checker.get()};
  std::ostringstream out;
  CheckOptions options;
  options.differences_file = differences_file;
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

namespace {

// EL1 fetches from a page that EL0 may write once hardware has made it dirty: level-3 page, AP[2:1]
// = 11, DBM; 4K, T0SZ 25, HA and HD.
nlohmann::json writable_clean_fetch() {
  return nlohmann::json::parse(R"({"id":"t","arch":"arm64","regime":"el1",
    "regs":{"SCTLR_EL1":"0x1","TCR_EL1":"0x18500000019","TTBR0_EL1":"0x10000",
            "HCR_EL2":"0x80000000"},
    "mem":[["0x10000","0x11003"],["0x11000","0x12003"],["0x12000","0x8000000000ac3"]],
    "accesses":[{"va":"0x40","type":"x","el":1,
                 "res":{"kind":"ok","pa":"0x40","upd":[["0x12000","0x8000000000ec3"]]}}]})");
}

}  // namespace

// R_VWLLR: what EL0 may write EL1 may not execute; a writable-clean descriptor counts as writable.
TEST_CASE("execution from a writable-clean page is a class of differences, matched exactly") {
  const auto checker = arm64::make_vector_checker();
  nlohmann::json line = writable_clean_fetch();
  auto& res = line["accesses"][0]["res"];
  VectorResult result = checker->check(line, false);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences ==
        std::vector<std::string_view>{"writable-clean-execution"});
  CHECK(result.mismatches[0].found.find("fsc 0xf") != std::string::npos);

  res["pa"] = "0x44";  // neither the manual's result nor the emulator's
  result = checker->check(line, false);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences.empty());

  res = nlohmann::json::parse(R"({"kind":"abort","el":1,"fsc":"0xf","s1ptw":0})");
  CHECK(checker->check(line, false).mismatches.empty());
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
  CHECK(result.mismatches.front().differences.empty());
  wrong["accesses"][0]["type"] = "q";
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  wrong = line;
  wrong["regs"]["HCR_EL2"] = "12";
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  wrong.erase("mem");
  CHECK_THROWS(checker->check(wrong, false));
}
