// The shipped records of real KVM, and what is said of ones that are wrong.
#include "x86/records/record_checker.h"

#include <doctest/doctest.h>

#include <sstream>

#include "common/vectors/check_files.h"
#include "x86/records/record.h"

namespace nestwalk::x86 {
namespace {

nlohmann::json small_record() {
  return nlohmann::json::parse(R"({"id":"t","kernel":"k","gen":"73","host":4,"batch":"tdp",
    "params":{"npt":"Y","tdp_mmu":"Y","nx_huge_pages":"N","mmio_caching":"Y"},"mode":"off",
    "cmds":["slot 0x0 0x0 0x1000000 0x0 0x0 0x0","start 0x0 0x0 0x0 0x0",
            "a 0x0 r s 0x0 0x4 0x200000","a 0x0 r s 0x0 0x4 0x8000000"],
    "slots":[{"id":0,"gpa":"0x0","size":"0x1000000","kind":0,"flags":0,"hoff":"0x0",
              "thp_kb":0,"rc":0}],
    "steps":[
      {"n":0,"op":"start 0x0 0x0 0x0 0x0","observed":{"kx":["npf:0x100000014@0x10001000"]}},
      {"n":1,"op":"a 0x0 r s 0x0 0x4 0x200000","observed":{"val":"0x200",
        "kx":["npf:0x100000004@0x200000"],"tdp":["0x200:2:np>PWUAX","0x200:1:np>PWUADHMX"]}},
      {"n":2,"op":"a 0x0 r s 0x0 0x4 0x8000000","observed":{"val":"0x8000",
        "kx":["npf:0x100000004@0x8000000"],
        "uexits":[["mmio","0x8000000",4,0,"0x3310000000008000"]]}},
      {"n":3,"op":"a 0x0 r s 0x0 0x4 0x8000000","observed":{"val":"0x8000",
        "kx":["npf:0x10000000d@0x8000000"],
        "uexits":[["mmio","0x8000000",4,0,"0x3310000000008000"]]}}]})");
}

RecordResult check(const nlohmann::json& record) { return X86RecordChecker().check(record); }

}  // namespace

TEST_CASE(
    "a record that agrees: memory at its first touch, a device, and the cached device entry") {
  const RecordResult result = check(small_record());
  CHECK(result.checked == 4);
  for (const RecordMismatch& m : result.mismatches) MESSAGE(m.expected, " / ", m.found);
  CHECK(result.mismatches.empty());
  CHECK(result.not_modelled.empty());
}

TEST_CASE("a wrong value, fault, entry or exit is each a mismatch that names its step") {
  const auto mismatch_with = [](auto change) {
    nlohmann::json record = small_record();
    change(record["steps"][1]["observed"], record["steps"][2]["observed"]);
    const RecordResult result = check(record);
    return result.mismatches.size() == 1 ? result.mismatches[0].step : 99;
  };
  CHECK(mismatch_with([](auto& touch, auto&) { touch["val"] = "0x201"; }) == 1);
  CHECK(mismatch_with([](auto& touch, auto&) { touch["kx"][0] = "npf:0x100000006@0x200000"; }) ==
        1);
  CHECK(mismatch_with([](auto& touch, auto&) { touch["tdp"][1] = "0x200:2:np>PWUADSHMX"; }) == 1);
  CHECK(mismatch_with([](auto&, auto& device) { device["uexits"][0][2] = 8; }) == 2);
  CHECK(mismatch_with([](auto&, auto& device) { device.erase("uexits"); }) == 2);
}

TEST_CASE("a reserved bit's fault without P is the emulator's, and only in that form") {
  nlohmann::json record = small_record();
  auto& seen = record["steps"][3]["observed"];
  seen["kx"][0] = "npf:0x10000000c@0x8000000";
  RecordResult result = check(record);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences == std::vector<std::string_view>{"rsvd-without-present"});
  seen["kx"][0] = "npf:0x100000008@0x8000000";
  result = check(record);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences.empty());
}

TEST_CASE("what has no model is counted by kind, and with it every later step") {
  nlohmann::json record = small_record();
  record["steps"][2]["op"] = "smm 0x0 0x1";
  RecordResult result = check(record);
  CHECK(result.checked == 2);
  CHECK(result.not_modelled == std::map<std::string, std::size_t>{{"smm", 1}, {"after: smm", 1}});
  record["batch"] = "shadow";
  result = check(record);
  CHECK(result.checked == 0);
  CHECK(result.not_modelled == std::map<std::string, std::size_t>{{"batch shadow", 4}});
}

TEST_CASE("all shipped records agree in what is modelled") {
  const std::string folder = NESTWALK_SOURCE_DIR "/tests/conformance/";
  const std::string files[] = {folder + "records/x86-6.1-tdp.jsonl.xz",
                               folder + "records/x86-7.3-tdp.jsonl.xz"};
  X86RecordChecker checker;
  RecordChecker* const checkers[] = {&checker};
  std::ostringstream out;
  const CheckTotals totals =
      check_files(files, {false, folder + "vectors/differences.json"}, {}, out, checkers);
  INFO(out.str());
  CHECK(totals.checked > 2500);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("lines that have the shape of a record but are none are refused") {
  const auto refused = [](auto change) {
    nlohmann::json record = small_record();
    change(record);
    REQUIRE(X86RecordChecker().recognises(record));
    try {
      check(record);
    } catch (const std::invalid_argument&) {
      return true;
    } catch (const nlohmann::json::exception&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused([](nlohmann::json&) {}));
  CHECK(refused([](nlohmann::json& r) { r["mode"] = "65"; }));
  CHECK(refused([](nlohmann::json& r) { r["host"] = 3; }));
  CHECK(refused([](nlohmann::json& r) { r.erase("slots"); }));
  CHECK(refused([](nlohmann::json& r) { r["slots"][0]["kind"] = 3; }));
  CHECK(refused([](nlohmann::json& r) { r["slots"][0]["size"] = "0x123"; }));
  CHECK(refused([](nlohmann::json& r) { r["steps"][1]["op"] = "a 0x0 r s 0x0 0x4"; }));
  CHECK(refused([](nlohmann::json& r) { r["steps"][1]["op"] = ""; }));
  CHECK_FALSE(X86RecordChecker().recognises(nlohmann::json::array()));
}

}  // namespace nestwalk::x86
