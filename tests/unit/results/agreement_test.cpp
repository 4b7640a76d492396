// Text, CSV and JSON of the same results hold the same numbers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/results/json.h"
#include "common/results/number_text.h"
#include "common/results/report_tables.h"
#include "common/results/text_report.h"
#include "unit/results/golden.h"
#include "unit/results/sample_results.h"

using namespace nestwalk;

namespace {

using Document = nlohmann::ordered_json;
using Record = std::map<std::string, std::string>;

// The rows of a CSV without quoted fields.
std::vector<Record> records(const std::string& csv) {
  const auto split = [](const std::string& line) {
    std::vector<std::string> fields(1);
    for (const char c : line) c == ',' ? fields.emplace_back() : fields.back() += c;
    return fields;
  };
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const auto names = split(line);
  std::vector<Record> rows;
  while (std::getline(lines, line)) {
    const auto fields = split(line);
    REQUIRE(fields.size() == names.size());
    rows.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) rows.back()[names[i]] = fields[i];
  }
  return rows;
}

void check_same(const std::string& field, const Document& value) {
  if (value.is_null())
    CHECK(field.empty());
  else
    CHECK(Document::parse(field).get<double>() == value.get<double>());
}

// The line of `text` that begins, spaces apart, with `label`.
std::string line_of(const std::string& text, const std::string& label) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.find_first_not_of(' ') != std::string::npos &&
        line.substr(line.find_first_not_of(' ')).starts_with(label + "  "))
      return line;
  FAIL(label);
  return {};
}

const Document& distribution(const Document& json, const std::string& key) {
  if (key == "hardware_translation" || key == "steady_access") return json[key + "_cycles"];
  if (key == "translation") return json["translation_latency_cycles"]["overall"];
  if (key.starts_with("translation_"))
    return json["translation_latency_cycles"]["by_served"][key.substr(12)];
  if (key == "access") return json["access_latency_cycles"];
  if (key.starts_with("walk_")) return json["walks"][key.substr(5)]["latency_cycles"];
  if (key == "shootdown") return json["shootdowns"]["latency_cycles"];
  const bool spurious = key.find("spurious") != std::string::npos;
  return json["faults"][key.substr(0, key.find('_'))]
             [spurious ? "spurious_latency_cycles" : "latency_cycles"];
}

}  // namespace

TEST_CASE("latencies: CSV and JSON agree for every distribution") {
  const Results results = sample_4k();
  const Document json = Document::parse(to_json(results));
  const auto rows = records(to_csv(latency_table(results)));
  CHECK(rows.size() == 16);
  for (const Record& row : rows) {
    CAPTURE(row.at("distribution"));
    const Document& expected = distribution(json, row.at("distribution"));
    check_same(row.at("count"), expected["count"]);
    for (const char* name : {"sum", "mean", "p50", "p90", "p99", "p99_9", "max"})
      check_same(row.at(std::string(name) + "_cycles"), expected[name]);
  }
}

TEST_CASE("TLBs, time split, references and memory: CSV and JSON agree") {
  const Results results = sample_2m();
  const Document json = Document::parse(to_json(results));
  for (const Record& row : records(to_csv(tlb_table(results)))) {
    const Document& tlb = json["tlbs"][row.at("tlb")];
    const Document* expected = &tlb;
    for (const Document& by_page : tlb["by_page_size"])
      if (by_page["page_lg2"].dump() == row.at("page_lg2")) expected = &by_page;
    for (const char* name : {"lookups", "hits", "misses", "merged", "misses_per_1000_accesses",
                             "misses_per_1000_instructions"})
      check_same(row.at(name), (*expected)[name]);
  }
  for (const Record& row : records(to_csv(time_split_table(results)))) {
    check_same(row.at("cycles"), json["time_split"][row.at("span")]["cycles"]);
    check_same(row.at("share"), json["time_split"][row.at("span")]["share"]);
  }
  const auto references = records(to_csv(references_table(results)));
  REQUIRE(references.size() == 15);
  for (std::size_t i = 0; i < references.size(); ++i) {
    const Document& expected = json["references"][i];
    check_same(references[i].at("stage1_height"), expected["stage1_height"]);
    check_same(references[i].at("stage2_height"), expected["stage2_height"]);
    check_same(references[i].at("references"), expected["count"]);
    check_same(references[i].at("stage2_tlb"), expected["served"]["stage2_tlb"]);
    check_same(references[i].at("mean_read_cycles"), expected["mean_read_cycles"]);
  }
  for (const Record& row : records(to_csv(memory_table(results))))
    for (const auto& [name, value] : json["memory"][row.at("side")].items())
      if (name != "by_page_size") check_same(row.at(name), value);
}

TEST_CASE("summary: CSV, JSON and text agree") {
  const Results results = sample_2m();
  const Document json = Document::parse(to_json(results))["summary"];
  const auto rows = records(to_csv(summary_table(results)));
  CHECK(rows.size() == json.size());
  for (const Record& row : rows) check_same(row.at("value"), json[row.at("metric")]);
}

TEST_CASE("what a report says first: CSV, JSON and text agree") {
  const Results results = sample_4k();
  const Document json = Document::parse(to_json(results));
  const std::string text = to_text(results);
  const auto rows = records(to_csv(translation_table(results)));
  REQUIRE(rows.size() == 2);
  for (const Record& row : rows) {
    const Document& expected = json["hardware_translation_" + row.at("unit")];
    for (const char* name : {"mean", "p50", "p99", "p99_9", "max"})
      check_same(row.at(name), expected[name]);
    const std::string line = line_of(text, row.at("unit"));
    CHECK(line.find(' ' + text_number(expected["mean"])) != std::string::npos);
    CHECK(line.ends_with(expected["max"].is_number_float() ? text_number(expected["max"])
                                                           : text_count(expected["max"])));
  }
  const Document& summary = json["summary"];
  const std::string wide = to_text(results, {.columns = 1000});  // sentences in one line
  const auto says = [&](const std::string& words) {
    CHECK_MESSAGE(wide.find(words) != std::string::npos, words);
  };
  says(text_share(summary["translation_share"]) + " of the time of data accesses");
  says("Walk cycles: " + text_number(summary["walk_cycles_per_1000_accesses"]) +
       " per 1000 accesses, " + text_number(summary["walk_cycles_per_1000_instructions"]) +
       " per 1000 instructions");
  says("100,000 accesses in " + text_count(summary["simulated_cycles"]) + " cycles (" +
       text_number(summary["simulated_us"]) + " us), 250,000 instructions; after a warm-up of " +
       text_count(summary["warmup_cycles"]) + " cycles");
  says(text_share(summary["fault_time_share"]) + " of the vCPUs' time");
  says("Faults of the warm-up are not in it");
  says("Prices: guest 1 published; host 1 measured, 1 assumed.");
}

TEST_CASE("fault software in us: CSV and JSON agree, and how much of the guest's was the host's") {
  const Results results = sample_4k();
  const Document json = Document::parse(to_json(results));
  const auto rows = records(to_csv(first_touch_table(results)));
  REQUIRE(rows.size() == 4);
  for (const Record& row : rows) {
    const bool spurious = row.at("outcome") == "spurious";
    const Document& faults = json["faults"][row.at("side")];
    const Document& cycles = faults[spurious ? "spurious_latency_cycles" : "latency_cycles"];
    check_same(row.at("faults"), cycles["count"]);
    for (const char* name : {"p50", "p99", "max"})  // 2000 MHz
      CHECK(std::stod(row.at(std::string(name) + "_us")) == cycles[name].get<double>() / 2000);
    CHECK(std::stod(row.at("total_us")) == cycles["sum"].get<double>() / 2000);
    if (row.at("side") == "guest" && !spurious)
      CHECK(std::stod(row.at("host_share")) ==
            faults["host_cycles"].get<double>() / cycles["sum"].get<double>());
    else
      CHECK(row.at("host_share").empty());
  }
}

TEST_CASE("caches and DRAM: CSV and JSON agree, and bandwidth by hand") {
  const Results results = sample_4k();
  const Document json = Document::parse(to_json(results));
  for (const Record& row : records(to_csv(cache_table(results))))
    for (const auto& [name, value] : json["caches"][row.at("cache")].items())
      check_same(row.at(name), value);
  const auto dram = records(to_csv(dram_table(results)));
  REQUIRE(dram.size() == 1);
  for (const auto& [name, value] : json["dram"].items())
    if (name != "peak_bytes_per_cycle") check_same(dram[0].at(name), value);
  CHECK(json["dram"]["gb_per_s"] == 192000.0 / 1'800'000);  // bytes per ns
  CHECK(json["dram"]["peak_share"] == 192000.0 / 3'600'000 / 10.5);
  CHECK(json["dram"]["mean_cycles"] == 200.0);
  CHECK(json["summary"]["dram_row_hit_rate"] == 1.0 / 3);
  CHECK(json["summary"]["dram_mean_ns"] == 100.0);
  CHECK(json["summary"]["l1d_cache_hit_rate"] == 0.9);
  CHECK(json["summary"]["llc_cache_hit_rate"].is_null());
}

TEST_CASE("the numbers are right, by hand") {
  const Document json = Document::parse(to_json(sample_4k()));
  CHECK(json["summary"]["accesses"] == 100000);
  // (90000 * 1 + 6000 * 8 + 500 * 60 + 3000 * 120 + 500 * 5000) / 100000
  CHECK(json["summary"]["translation_mean_cycles"] == 30.28);
  CHECK(json["summary"]["entry_reads_per_walk"] == (1600 * 24 + 1600 * 9 + 800 * 2) / 4000.0);
  CHECK(json["summary"]["walks_per_1000_accesses"] == 46.0);
  CHECK(json["summary"]["walk_cycles_per_1000_accesses"] == 4940.0);
  // (90000 * 1 + 6000 * 8 + 500 * 60 + 3500 * 120) / 100000, 62000 of it of fetches, and 526000 of
  // data
  CHECK(json["summary"]["hardware_translation_mean_cycles"] == 5.88);
  CHECK(json["summary"]["hardware_translation_mean_ns"] == 2.94);
  CHECK(json["summary"]["hardware_translation_p99_9_cycles"] == 120);
  CHECK(json["summary"]["translation_share"] == 526.0 / (526 + 526));
  CHECK(json["summary"]["walk_cycles_per_1000_instructions"] == 1976.0);
  const double vcpu_cycles = 3'600'000 + 3'590'123, fault_cycles = 2'430'000;
  CHECK(json["summary"]["fault_time_share"] == fault_cycles / vcpu_cycles);
  CHECK(json["summary"]["steady_cycles_per_access"] == (vcpu_cycles - fault_cycles) / 100000);
  CHECK(json["summary"]["simulated_us"] == 1800.0);
  CHECK(json["summary"]["unequal_end_share"] == 9877.0 / 3'600'000);
  CHECK(json["summary"]["guest_fault_host_share"] == 0.25);
  CHECK(json["summary"]["host_fault_p99_us"] == 4.5);
  CHECK(json["summary"]["host_spurious_faults"] == 5);
  CHECK(json["tlbs"]["l1d"]["lookups"] == 89000);
  CHECK(json["tlbs"]["l1d"]["misses"] == 8500);
  CHECK(json["tlbs"]["l1d"]["misses_per_1000_accesses"] == 85.0);
  CHECK(json["tlbs"]["l1d"]["misses_per_1000_instructions"] == 34.0);
  CHECK(json["references"][4]["mean_read_cycles"] == (2000 * 4 + 1000 * 14 + 1000 * 200) / 4000.0);
}

TEST_CASE("the text report looks as it should") {
  check_golden("report_two_stages.txt", to_text(sample_2m()));
}

TEST_CASE("text fits the terminal and leaves empty sections out") {
  Results results = sample_4k();
  results.meta.warnings = {std::string(300, 'w') +
                           " and more words than fit into one line of text"};
  for (int i = 0; i < 60; ++i)
    results.meta.costs.push_back({fmt::format("some.step_{}", i), 10, CostKind::assumed, ""});
  results.references[0].count[0] = 123'456'789;
  results.simulated_cycles = 123'456'789'012;
  results.memory[0].mapped_bytes = std::uint64_t{1} << 60;
  for (const unsigned columns : {60U, 80U, 100U, 200U}) {
    std::istringstream lines(to_text(results, {.columns = columns}));
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= columns, line);
  }

  const std::string empty = to_text(Results{});
  for (const char* title : {"Latency", "TLBs", "Faults", "Memory", "References", "Warnings",
                            "vCPUs", "Simulator", "costs", "Table walks"})
    CHECK_MESSAGE(empty.find(title) == std::string::npos, title);
}

TEST_CASE("one stage: references name the entry and have no stage-2 rows") {
  Results results = sample_2m();
  results.meta.stage1_levels.clear();
  results.references = {{3, ReferenceRow::none, {10, 0, 0, 0, 0, 0}, 40},
                        {2, ReferenceRow::none, {0, 0, 0, 5, 5, 0}, 1000}};
  const std::string text = to_text(references_table(results), {});
  CHECK(text.find("S1 height 3") != std::string::npos);
  CHECK(text.find("needed for") == std::string::npos);
  CHECK(text.find("L2 %") == std::string::npos);  // nothing came from there
  CHECK(text.find("200.0") != std::string::npos);
}
