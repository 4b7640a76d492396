// The shipped records of real KVM on Arm, and what is said of ones that are wrong.
#include "arm64/records/record_checker.h"

#include <doctest/doctest.h>

#include <sstream>

#include "common/vectors/check_files.h"

namespace nestwalk::arm64 {
namespace {

// L1 reads a word that was there, writes it, reads it again, and reaches into a huge page.
nlohmann::json small_record() {
  return nlohmann::json::parse(R"({"id":"t","setup":{
    "slots":[{"n":0,"gpa":"0x40000000","size":"0x2000000","backing":"4k","hva_offset":"0x0",
              "flags":"-"},
             {"n":1,"gpa":"0x50000000","size":"0x400000","backing":"thp","hva_offset":"0x0",
              "flags":"-"}],
    "l1_table_words":[["0x41020018","0x500037ff"]]},
    "steps":[
      {"op":"l1_read","addr":"0x41020018","observed":{"regs":["0x500037ff"],"events":[
        ["guest_fault","0x41020000","0x93c18006","0x41020018","0x40001418"],
        ["map","canonical","0x41020000","0x1000","0xf"]]}},
      {"op":"l1_write","addr":"0x41020018","val":"0x1","observed":{}},
      {"op":"l1_read","addr":"0x41020018","observed":{"regs":["0x1"]}},
      {"op":"l1_read","addr":"0x50205000","observed":{"regs":["0x7"],"events":[
        ["guest_fault","0x50205000","0x93c18006","0x50205000","0x40001418"],
        ["map","canonical","0x50200000","0x200000","0xf"]]}}]})");
}

RecordResult check(const nlohmann::json& record) { return ArmRecordChecker().check(record); }

}  // namespace

TEST_CASE("a record that agrees: pages and blocks at the first touch, and values") {
  const RecordResult result = check(small_record());
  CHECK(result.checked == 4);
  CHECK(result.mismatches.empty());
  CHECK(result.not_modelled.empty());
}

TEST_CASE("a wrong value, size or fault is each a mismatch that names its step") {
  const auto mismatch_with = [](auto change) {
    nlohmann::json record = small_record();
    change(record["steps"]);
    const RecordResult result = check(record);
    return result.mismatches.size() == 1 ? result.mismatches[0].step : 99;
  };
  CHECK(mismatch_with([](auto& s) { s[2]["observed"]["regs"][0] = "0x2"; }) == 2);
  CHECK(mismatch_with([](auto& s) { s[3]["observed"]["events"][1][3] = "0x1000"; }) == 3);
  CHECK(mismatch_with([](auto& s) {
          s[1]["observed"]["events"] = {
              {"guest_fault", "0x41020000", "0x93c18046", "0x41020018", "0x400014b8"}};
        }) == 1);
}

TEST_CASE("steps that run the nested guest are counted by kind; what they map for L1 is believed") {
  nlohmann::json record = small_record();
  record["steps"][0]["op"] = "run";
  record["steps"][0].erase("addr");
  const RecordResult result = check(record);
  CHECK(result.checked == 3);
  CHECK(result.mismatches.empty());
  CHECK(result.not_modelled == std::map<std::string, std::size_t>{{"run", 1}});
}

TEST_CASE("the shipped records agree in what is modelled") {
  const std::string files[] = {NESTWALK_SOURCE_DIR
                               "/tests/conformance/records/arm64-scripted-7.3.4.jsonl.xz"};
  ArmRecordChecker checker;
  RecordChecker* const checkers[] = {&checker};
  std::ostringstream out;
  const CheckTotals totals = check_files(files, {}, {}, out, checkers);
  INFO(out.str());
  CHECK(totals.checked >= 30);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("lines that have the shape of a record but are none are refused") {
  const auto refused = [](auto change) {
    nlohmann::json record = small_record();
    change(record);
    REQUIRE(ArmRecordChecker().recognises(record));
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
  CHECK(refused([](nlohmann::json& r) { r["setup"]["slots"][0]["backing"] = "5k"; }));
  CHECK(refused([](nlohmann::json& r) { r["setup"]["slots"][1]["gpa"] = "0x40000000"; }));
  CHECK(refused([](nlohmann::json& r) { r["steps"][0]["addr"] = "41020018"; }));
  CHECK(refused([](nlohmann::json& r) { r["steps"][0].erase("observed"); }));
  CHECK(refused([](nlohmann::json& r) { r.erase("id"); }));
}

}  // namespace nestwalk::arm64
