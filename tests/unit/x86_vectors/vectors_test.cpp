// The shipped translation vectors, all of them: cold, and repeated with warm caches.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "common/vectors/check_files.h"
#include "x86/vectors/vector_checker.h"

namespace nestwalk::x86 {
namespace {

std::vector<std::string> vector_files() {
  std::vector<std::string> files;
  for (const auto& file :
       std::filesystem::directory_iterator(NESTWALK_SOURCE_DIR "/tests/conformance/vectors/x86"))
    if (file.path().string().ends_with(".jsonl.xz")) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  return files;
}

CheckTotals check(X86VectorChecker& checker, std::ostream& out) {
  const std::vector<std::string> files = vector_files();
  VectorChecker* const checkers[] = {&checker};
  const std::string differences = NESTWALK_SOURCE_DIR "/tests/conformance/vectors/differences.json";
  return check_files(files, {false, differences}, checkers, out);
}

nlohmann::json small_vector() {
  return nlohmann::json::parse(R"({"id":"t","arch":"x86","paging":"2level","maxphyaddr":36,
    "regs":{"cr0":"0x80000011","cr3":"0x1000","cr4":"0x10","efer":"0x0","pat":"0x0"},
    "mem":[["0x1000","0x800087"]],
    "accesses":[{"va":"0x1234","type":"r","cpl":3,"ac":0,"pkru":"0x0","pkrs":"0x0",
                 "res":{"kind":"ok","pa":"0x801234","upd":[["0x1000","0x8000a7"]]}}]})");
}

using Names = std::vector<std::string_view>;

std::size_t mismatches(const nlohmann::json& vector) {
  return X86VectorChecker().check(vector, false).mismatches.size();
}

}  // namespace

TEST_CASE("all shipped vectors agree, walks cold") {
  X86VectorChecker checker;
  std::ostringstream out;
  const CheckTotals totals = check(checker, out);
  INFO(out.str());
  CHECK(totals.checked > 27000);
  CHECK(totals.mismatched == 0);
}

TEST_CASE("all shipped vectors agree when repeated with warm walk caches and a stage-2 TLB") {
  WalkCachesSpec spec;
  spec.stage1 = {{0, {4, 0}}, {1, {4, 0}}, {2, {4, 0}}, {3, {4, 0}}};
  spec.stage2 = spec.stage1;
  spec.stage2_tlb = {8, 4};
  X86VectorChecker checker(spec);
  std::ostringstream out;
  const CheckTotals totals = check(checker, out);
  INFO(out.str());
  CHECK(totals.mismatched == 0);
}

TEST_CASE("a vector that is wrong is told so") {
  nlohmann::json vector = small_vector();
  CHECK(mismatches(vector) == 0);
  auto& res = vector["accesses"][0]["res"];
  res["pa"] = "0x801235";
  CHECK(mismatches(vector) == 1);
  res["pa"] = nullptr;
  CHECK(mismatches(vector) == 0);
  res["upd"] = nlohmann::json::array();
  CHECK(mismatches(vector) == 1);
  res = {{"kind", "pf"}, {"err", "0x5"}};
  const VectorResult result = X86VectorChecker().check(vector, true);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].expected == "#PF code 0x5");
  CHECK(result.mismatches[0].found == "ok pa 0x801234 [0x1000]=0x8000a7");
  CHECK(result.mismatches[0].walk.find("PDE") != std::string::npos);
  CHECK(result.mismatches[0].differences.empty());
}

TEST_CASE("what a vector leaves out is not compared") {
  nlohmann::json vector = small_vector();
  auto& res = vector["accesses"][0]["res"];
  res.erase("upd");
  CHECK(mismatches(vector) == 0);
  res["pa"] = "0x801235";
  CHECK(mismatches(vector) == 1);
  res = {{"kind", "pf"}};
  CHECK(mismatches(vector) == 1);
  vector["mem"][0][1] = "0x800083";  // a supervisor's page
  CHECK(mismatches(vector) == 0);
  res["err"] = "0x7";
  CHECK(mismatches(vector) == 1);
}

TEST_CASE("a result that only the emulator's departures explain is marked") {
  nlohmann::json vector = small_vector();
  vector["mem"][0][1] = "0x840087";  // address bit 37: above MAXPHYADDR
  auto& res = vector["accesses"][0]["res"];
  res = nlohmann::json::parse(R"({"kind":"ok","pa":null,"upd":[["0x1000","0x8400a7"]]})");
  VectorResult result = X86VectorChecker().check(vector, false);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences == Names{"pse36-above-maxphyaddr"});
  CHECK(result.mismatches[0].found == "#PF code 0xd");
  res["upd"] = nlohmann::json::array();  // neither the manual nor the departure
  result = X86VectorChecker().check(vector, false);
  REQUIRE(result.mismatches.size() == 1);
  CHECK(result.mismatches[0].differences.empty());
}

// SDM vol. 3, 5.4.1: MOV CR3 raises #GP for reserved bits of any PDPTE; with nested paging they are
// read, and refused, by walks (APM vol. 2, 15.25.10).
TEST_CASE("the classes of differences of PAE's PDPTEs") {
  nlohmann::json vector = nlohmann::json::parse(R"({"id":"t","arch":"x86","paging":"pae",
    "maxphyaddr":36,
    "regs":{"cr0":"0x80000011","cr3":"0x1000","cr4":"0x20","efer":"0x0","pat":"0x0"},
    "mem":[["0x1000","0x2001"],["0x1008","0x1000000000000001"],["0x2000","0xa7"]],
    "accesses":[{"va":"0x1234","type":"r","cpl":3,"ac":0,"pkru":"0x0","pkrs":"0x0",
                 "res":{"kind":"ok","pa":"0x1234","upd":[]}}]})");
  const auto difference = [&] {
    const VectorResult result = X86VectorChecker().check(vector, false);
    return result.mismatches.empty()
               ? std::string("agrees")
               : fmt::format("{}", fmt::join(result.mismatches[0].differences, "+"));
  };
  CHECK(difference() == "pae-pdpte-load");
  vector["mem"][1][1] = "0x0";
  CHECK(difference() == "agrees");
  vector["mem"][0][1] = "0x2021";  // bit 5 of the PDPTE that the walk uses
  CHECK(difference() == "pae-pdpte-reserved-bits");
  vector["accesses"][0]["res"] = {{"kind", "gp"}};
  CHECK(difference() == "agrees");
  vector["accesses"][0]["res"] = {{"kind", "pf"}, {"err", "0xd"}};  // a walk meets it
  CHECK(difference() == "pae-pdpte-load");
  vector["accesses"][0]["res"] = {{"kind", "pf"}, {"err", "0x5"}};
  CHECK(difference() == "");
}

// APM vol. 2, 5.3.3: bit 8 of a PML4E must be zero.
TEST_CASE("the class of bit 8 of a PML4E, alone and together with a PDPTE's reserved bits") {
  nlohmann::json vector = nlohmann::json::parse(R"({"id":"t","arch":"x86","paging":"pae",
    "maxphyaddr":36,
    "regs":{"cr0":"0x80000011","cr3":"0x1000","cr4":"0x20","efer":"0x0","pat":"0x0"},
    "nested":{"ncr3":"0x10000","paging":"4level","host_cr0_wp":0,"host_efer_nxe":1},
    "mem":[["0x10000","0x11127"],["0x11000","0xe7"],["0x1000","0x2001"],["0x2000","0xa7"]],
    "accesses":[{"va":"0x1234","type":"r","cpl":3,"ac":0,"pkru":"0x0","pkrs":"0x0",
                 "res":{"kind":"ok","pa":"0x1234","upd":[]}}]})");
  const VectorResult one_class = X86VectorChecker().check(vector, false);
  REQUIRE(one_class.mismatches.size() == 1);
  CHECK(one_class.mismatches[0].found == "#NPF info1 0x20000000f gpa 0x1000");
  CHECK(one_class.mismatches[0].differences == Names{"pml4e-bit-8"});
  vector["mem"][2][1] = "0x2021";
  const VectorResult both = X86VectorChecker().check(vector, false);
  REQUIRE(both.mismatches.size() == 1);
  CHECK(both.mismatches[0].differences == Names{"pae-pdpte-reserved-bits", "pml4e-bit-8"});
}

TEST_CASE("bits above 47 of an address into 4-level nested tables are not looked at") {
  const nlohmann::json vector = nlohmann::json::parse(R"({"id":"t","arch":"x86","paging":"pae",
    "maxphyaddr":52,
    "regs":{"cr0":"0x80000011","cr3":"0x1000","cr4":"0x20","efer":"0x0","pat":"0x0"},
    "nested":{"ncr3":"0x10000","paging":"4level","host_cr0_wp":0,"host_efer_nxe":1},
    "mem":[["0x10000","0x11027"],["0x11000","0xe7"],["0x1000","0x2001"],["0x2000","0x70000000000a7"]],
    "accesses":[{"va":"0x1234","type":"r","cpl":3,"ac":0,"pkru":"0x0","pkrs":"0x0",
                 "res":{"kind":"ok","pa":"0x1234","upd":[]}}]})");
  CHECK(mismatches(vector) == 0);
}

TEST_CASE("lines that are no x86 vectors are refused") {
  const auto refused = [](auto change) {
    nlohmann::json vector = small_vector();
    change(vector);
    try {
      X86VectorChecker().check(vector, false);
    } catch (const std::invalid_argument&) {
      return true;
    } catch (const nlohmann::json::exception&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused([](nlohmann::json&) {}));
  CHECK(refused([](nlohmann::json& v) { v.erase("regs"); }));
  CHECK(refused([](nlohmann::json& v) { v["paging"] = "4level"; }));
  CHECK(refused([](nlohmann::json& v) { v["maxphyaddr"] = 60; }));
  CHECK(refused([](nlohmann::json& v) { v["regs"]["cr3"] = "4096"; }));
  CHECK(refused([](nlohmann::json& v) { v["regs"]["cr3"] = 4096; }));
  CHECK(refused([](nlohmann::json& v) { v["mem"][0][1] = "0x12345678123456789"; }));
  CHECK(refused([](nlohmann::json& v) { v["mem"][0][0] = "0x1004"; }));
  CHECK(refused([](nlohmann::json& v) { v["accesses"][0]["type"] = "q"; }));
  CHECK(refused([](nlohmann::json& v) { v["accesses"][0]["cpl"] = 1; }));
  CHECK(refused([](nlohmann::json& v) { v["accesses"][0]["pkru"] = "0x100000000"; }));
  CHECK(refused([](nlohmann::json& v) { v["accesses"][0]["res"]["kind"] = "maybe"; }));
}

}  // namespace nestwalk::x86
