// All arm64 translation vectors, cold and with warm caches, and the classes of known differences.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "arm64/vectors/vector_checker.h"
#include "common/vectors/check_files.h"
#include "common/vectors/line_reader.h"
#include "unit/arm64/cpu.h"

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
  CHECK(totals.checked > 37246);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("all arm64 vectors agree with walk caches and a stage-2 TLB that are warm") {
  std::string text;
  const CheckTotals totals = check_all(arm64::test::small_caches(), text);
  INFO(text);
  CHECK(totals.checked > 37246);
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

namespace {

// One access by EL1 of address 0x40, without changes in memory.
nlohmann::json one_access(const char* regs, const char* mem, const char* type, const char* res) {
  nlohmann::json line = {{"id", "t"}, {"arch", "arm64"}, {"regime", "el1"}};
  line["regs"] = nlohmann::json::parse(regs);
  line["mem"] = nlohmann::json::parse(mem);
  line["accesses"] = {{{"va", "0x40"}, {"type", type}, {"el", 1}}};
  line["accesses"][0]["res"] = nlohmann::json::parse(res);
  return line;
}

void check_class(const nlohmann::json& line, std::string_view name, std::string_view found) {
  const VectorResult result = arm64::make_vector_checker()->check(line, false);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences == std::vector{name});
  CHECK(result.mismatches[0].found.find(found) != std::string::npos);
}

}  // namespace

// D8.1.7 R_QQQSJ; ASL LeafBase, OAOutOfRange: a 64K page with OA[48] set and IPS of 48 bits; the
// same with OA[50] of a 4K page, TCR.DS = 1.
TEST_CASE("address bits in a descriptor's low half are a class of differences") {
  const char* ok = R"({"kind":"ok","pa":"0x20040","upd":[]})";
  check_class(one_access(R"({"SCTLR_EL1":"0x1","TCR_EL1":"0x500004023","TTBR0_EL1":"0x10000",
                             "HCR_EL2":"0x80000000"})",
                         R"([["0x10000","0x21443"]])", "r", ok),
              "output-address-low-bits", "fsc 0x3");
  check_class(
      one_access(R"({"SCTLR_EL1":"0x1","TCR_EL1":"0x800000500000019",
                             "TTBR0_EL1":"0x10000","HCR_EL2":"0x80000000"})",
                 R"([["0x10000","0x11003"],["0x11000","0x12003"],["0x12000","0x20543"]])", "r", ok),
      "output-address-low-bits", "fsc 0x3");
}

// ASL S1TTBaseAddress: a root of four entries at PA 0xc000000010000, TTBR bits 5:4 = PA[51:50].
TEST_CASE("the base of a small root is a class of differences") {
  check_class(one_access(R"({"SCTLR_EL1":"0x1","TCR_EL1":"0x80000060000000e",
                             "TTBR0_EL1":"0x10030","HCR_EL2":"0x80000000"})",
                         R"([["0xc000000010020","0x20003"],["0x20000","0x441"]])", "r",
                         R"({"kind":"ok","pa":"0x40","upd":[]})"),
              "small-root-base", "fsc 0x2b");
}

// D8.1.10 R_SRKBC, ASL S2InvalidSL: 16K with VTCR.DS may start at level 0; 4K at level -1 may have
// 50 bits; PAMax, not PS, says whether 4K may start at level 0.
TEST_CASE("stage 2's start level is a class of differences") {
  const char* fault = R"({"kind":"abort","el":2,"fsc":"0x4","s1ptw":0,"wnr":0,"hpfar":"0x0"})";
  check_class(
      one_access(R"({"HCR_EL2":"0x80000001","VTCR_EL2":"0x1800580d0","VTTBR_EL2":"0x10000"})",
                 R"([["0x10000","0x14003"],["0x14000","0x4fd"]])", "r", fault),
      "stage2-start-level", "ok");
  check_class(
      one_access(R"({"HCR_EL2":"0x80000001","VTCR_EL2":"0x38006000e","VTTBR_EL2":"0x10000"})",
                 R"([["0x10000","0x14003"],["0x14000","0x4fd"]])", "r", fault),
      "stage2-start-level", "ok");
  check_class(
      one_access(R"({"HCR_EL2":"0x80000001","VTCR_EL2":"0x80020098","VTTBR_EL2":"0x10000"})",
                 R"([["0x10000","0x14003"],["0x14000","0x4fd"]])", "r", fault),
      "stage2-start-level", "ok");
}

TEST_CASE("what a vector leaves out is not compared") {
  nlohmann::json line = writable_clean_fetch();
  auto& res = line["accesses"][0]["res"];
  const auto mismatches = [&] {
    return arm64::make_vector_checker()->check(line, false).mismatches.size();
  };
  res = {{"kind", "abort"}};  // R_VWLLR: a Permission fault to EL1
  CHECK(mismatches() == 0);
  res["fsc"] = "0xf";
  CHECK(mismatches() == 0);
  res["el"] = 2;
  CHECK(mismatches() == 1);
  line["accesses"][0]["type"] = "r";
  res = {{"kind", "ok"}, {"pa", "0x40"}};
  CHECK(mismatches() == 0);
  res["pa"] = "0x44";
  CHECK(mismatches() == 1);
}

TEST_CASE("a wrong vector is found, and a line that is not a vector refused") {
  LineReader reader(folder + "arm64-el2.jsonl.xz");
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
  wrong = line;
  wrong["mem"].push_back({"0x1004", "0x1"});
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  wrong = line;
  wrong["regs"] = nlohmann::json::array();
  CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  for (const int el : {-1, 3, 256}) {
    wrong = line;
    wrong["accesses"][0]["el"] = el;
    CHECK_THROWS_AS(checker->check(wrong, false), std::invalid_argument);
  }
  wrong = line;
  wrong.erase("mem");
  CHECK_THROWS(checker->check(wrong, false));
}
