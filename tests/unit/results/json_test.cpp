// result.json: there and back, refusals, and that it does not depend on the host machine.
#include "common/results/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "common/base/user_error.h"
#include "unit/results/sample_results.h"

using namespace nestwalk;

namespace {

using Document = nlohmann::ordered_json;

// The error that reading `text` gives.
UserError error_of(const std::string& text) {
  try {
    from_json(text, "some/result.json");
  } catch (const UserErrors& errors) {
    REQUIRE(errors.all().size() == 1);
    CHECK(errors.all()[0].file == "some/result.json");
    return errors.all()[0];
  }
  FAIL("was accepted");
  return {};
}

UserError error_after(void (*damage)(Document&)) {
  Document document = Document::parse(to_json(sample_4k()));
  damage(document);
  return error_of(document.dump());
}

}  // namespace

TEST_CASE("there and back gives equal results and equal bytes") {
  for (Results results : {sample_4k(), sample_2m(), Results{}}) {
    const std::string text = to_json(results);
    const Results read = from_json(text, "r");
    CHECK(to_json(read) == text);
    results.host.reset();
    CHECK(read == results);
  }
}

TEST_CASE("costs of every kind come back, by their names") {
  Results results = sample_4k();
  results.meta.costs.clear();
  for (std::size_t i = 0; i < cost_kinds.size(); ++i)
    results.meta.costs.push_back({"step", i, static_cast<CostKind>(i), "somewhere"});
  const std::string text = to_json(results);
  CHECK(from_json(text, "r").meta.costs == results.meta.costs);
  CHECK(text.find("\"kind\": \"derived\"") != std::string::npos);
}

TEST_CASE("strings with quotes, brackets and bytes that are not UTF-8") {
  Results results = sample_4k();
  results.meta.name = "a \"b\" [1, 2] \\";
  CHECK(from_json(to_json(results), "r").meta.name == results.meta.name);
  results.meta.name = "bad \xff byte";
  CHECK(from_json(to_json(results), "r").meta.name == "bad \xef\xbf\xbd byte");
}

TEST_CASE("what the host measured is in host.json alone") {
  Results results = sample_4k();
  const std::string before = to_json(results);
  CHECK(Document::parse(host_to_json(results))["accesses_per_second"] == 40000.0);
  results.host = HostMeasures{99, 98, 97};
  CHECK(to_json(results) == before);
  results.host.reset();
  CHECK(to_json(results) == before);
  CHECK(host_to_json(results) == "{}\n");
}

TEST_CASE("unknown numbers are null") {
  Results results = sample_4k();
  results.instructions = 0;
  const auto document = Document::parse(to_json(results));
  CHECK(document["summary"]["instructions"].is_null());
  CHECK(document["summary"]["walk_cycles_per_1000_instructions"].is_null());
  CHECK(document["tlbs"]["l2"]["misses_per_1000_instructions"].is_null());
  CHECK(document["references"][23]["stage1_height"].is_null());
  CHECK(document["references"][23]["stage2_height"] == 0);
  CHECK(document["references"][4]["stage2_height"].is_null());
}

TEST_CASE("broken and foreign files are refused, saying where") {
  CHECK(error_of("").message.starts_with("not JSON"));
  const std::string whole = to_json(sample_4k());
  const UserError cut = error_of(whole.substr(0, whole.size() / 2));
  CHECK(cut.line > 100);
  CHECK(error_of("[]").message.starts_with("no nestwalk result"));
  CHECK(error_of(R"({"kind": 3})").message.starts_with("no nestwalk result"));
  CHECK(error_of(R"({"kind": "nestwalk-comparison"})").message.starts_with("no nestwalk result"));

  const UserError newer = error_after([](Document& d) { d["schema"] = 1; });
  CHECK(newer.text() ==
        "some/result.json: schema: schema 1 is not known; this version reads schema 3");
  const UserError missing =
      error_after([](Document& d) { d["walks"]["faulted"].erase("entry_reads"); });
  CHECK(missing.key == "walks.faulted.entry_reads");
  CHECK(error_after([](Document& d) { d["vcpus"][1]["accesses"] = -1; }).key ==
        "vcpus[1].accesses");
  CHECK(error_after([](Document& d) { d["vcpus"][0]["last_cycle"] = 3'600'001; }).key ==
        "vcpus[0].last_cycle");
  CHECK(error_after([](Document& d) { d["fetch_translation_cycles"] = 588'001; }).key ==
        "fetch_translation_cycles");
  CHECK(error_after([](Document& d) { d["vcpus"][1]["span_cycles"].erase("data"); }).key ==
        "vcpus[1].span_cycles.data");
  CHECK(error_after([](Document& d) {
          d["hardware_translation_cycles"] = d["walks"]["completed"]["latency_cycles"];
        }).key == "hardware_translation_cycles");
  CHECK(error_after([](Document& d) { d["costs"][0]["kind"] = "guessed"; }).key == "costs[0].kind");
  CHECK(error_after([](Document& d) {
          d["tlbs"]["l1d"]["by_page_size"][0]["page_lg2"] = 64;
        }).key == "tlbs.l1d.by_page_size[0].page_lg2");
  CHECK(error_after([](Document& d) { d["references"] = 7; }).key == "references");
  CHECK(error_after([](Document& d) { d["access_latency_cycles"]["count"] = 5; }).key ==
        "access_latency_cycles");
  CHECK(error_after([](Document& d) {
          d["access_latency_cycles"] = d["walks"]["completed"]["latency_cycles"];
        }).key == "access_latency_cycles");
}
