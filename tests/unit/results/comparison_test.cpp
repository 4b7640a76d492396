#include "common/results/comparison.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/user_error.h"
#include "unit/results/golden.h"
#include "unit/results/sample_results.h"

using namespace nestwalk;

namespace {

Results named(Results results, const std::string& name, const std::string& variant) {
  results.meta.name = name;
  results.meta.variant = variant;
  return results;
}

std::vector<std::string> names(const Comparison& comparison) {
  std::vector<std::string> all;
  for (const ComparedVariant& each : comparison.variants) all.push_back(each.name);
  return all;
}

}  // namespace

TEST_CASE("different workloads are refused, naming both") {
  Results other = sample_2m();
  other.meta.workload_name = "redis";
  other.meta.workload_identity = "redis.trace, crc 5";
  try {
    compare({sample_4k(), sample_2m(), other});
    FAIL("was accepted");
  } catch (const UserErrors& errors) {
    REQUIRE(errors.all().size() == 1);
    const std::string text = errors.what();
    CHECK(text.find("sample / 4K+4K") != std::string::npos);
    CHECK(text.find("sqlite") != std::string::npos);
    CHECK(text.find("sample / 2M+2M") != std::string::npos);
    CHECK(text.find("redis") != std::string::npos);
  }
  CHECK_THROWS_AS(compare({}), UserErrors);
}

TEST_CASE("relative numbers, by hand") {
  const Comparison comparison = compare({sample_4k(), sample_2m()});
  const auto& [base, other] = std::tie(comparison.variants[0], comparison.variants[1]);
  const auto of = [&](const char* key) { return relative(metric(other, key), metric(base, key)); };
  CHECK(*of("translation_mean_cycles") == doctest::Approx(10.76 / 30.28));
  CHECK(*of("entry_reads_per_walk") == doctest::Approx(9.0 / 13.6));
  CHECK(*of("simulated_cycles") == doctest::Approx(1.7 / 3.6));
  CHECK(*of("table_bytes") == doctest::Approx(88.0 / 3072));
  CHECK(!of("guest_bloat_bytes"));  // the baseline has none
  CHECK(*relative(metric(base, "accesses"), metric(base, "accesses")) == 1.0);
}

TEST_CASE("variants of one name stay apart") {
  const Results r = sample_4k();
  CHECK(names(compare({named(r, "a", "x"), named(r, "a", "y")})) ==
        std::vector<std::string>{"x", "y"});
  CHECK(names(compare({named(r, "a", "x"), named(r, "b", "x")})) ==
        std::vector<std::string>{"a / x", "b / x"});
  CHECK(names(compare({named(r, "a", ""), named(r, "a", "")})) ==
        std::vector<std::string>{"a #1", "a #2"});
}

TEST_CASE("what makes a comparison less meaningful is said") {
  Results other = sample_2m();
  CHECK(compare({sample_4k(), other}).warnings.empty());
  other.meta.seed = 43;
  other.access_latency.add(5);
  other.translation_latency[0].add(1);
  const Comparison comparison = compare({sample_4k(), other});
  REQUIRE(comparison.warnings.size() == 2);
  CHECK(comparison.warnings[0] ==
        "the number of accesses differs: 100000 for 4K+4K, 100001 for 2M+2M");
  CHECK(to_text(comparison).find("! the seed differs: 42 for 4K+4K, 43 for 2M+2M") !=
        std::string::npos);
}

TEST_CASE("the text of a comparison looks as it should") {
  Results middle = named(sample_4k(), "sample", "4K+2M");
  middle.simulated_cycles = 1'500'000;
  check_golden("comparison.txt", to_text(compare({sample_4k(), middle, sample_2m()})));
}

TEST_CASE("the verdict") {
  CHECK(verdict(compare({sample_4k()})).empty());
  CHECK(verdict(compare({sample_2m(), sample_4k()})) ==
        "No variant has fewer translation cycles per access than 2M+2M; the nearest is 4K+4K at "
        "2.81x.");
  const std::string won = verdict(compare({sample_4k(), sample_2m()}));
  CHECK(won.starts_with("2M+2M: 0.36x translation cycles of 4K+4K; "));
  CHECK(won.find("entry reads per walk 13.60 -> 9.00") != std::string::npos);
  CHECK(won.find("+40.0 MiB guest bloat") != std::string::npos);
  CHECK(won.find("In simulated time") == std::string::npos);
  // Runs without any access have nothing to praise.
  CHECK(verdict(compare({Results{}, Results{}})).empty());
}

TEST_CASE("long names become numbers with a legend; lines fit 100 columns") {
  std::vector<Results> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(i % 2 ? sample_2m() : sample_4k());
    many.back().meta.variant = std::string(130, 'v') + std::to_string(i);
    many.back().simulated_cycles *= 1'000'000;
    many.back().span_cycles[index_of(TimeSpan::host_fault)] *= 100'000;
    many.back().memory[1].mapped_bytes = std::uint64_t{1} << 59;
  }
  const std::string text = to_text(compare(many));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 100, line);
  CHECK(text.find("[12]") != std::string::npos);
}

TEST_CASE("JSON and CSV of a comparison hold the same numbers") {
  const Comparison comparison = compare({sample_4k(), sample_2m()});
  const auto json = nlohmann::ordered_json::parse(to_json(comparison));
  CHECK(json["baseline"] == "4K+4K");
  CHECK(json["verdict"] == verdict(comparison));
  const Table table = comparison_table(comparison);
  CHECK(table.rows.size() == 2 * json["variants"][1]["metrics"].size());
  for (const Row& row : table.rows) {
    const std::size_t variant = row.cells[0] == Cell("2M+2M");
    const auto& expected =
        json["variants"][variant]["metrics"][cell_text(row.cells[1], Kind::label)];
    const auto same = [](const Cell& cell, const nlohmann::ordered_json& value) {
      const auto number = number_of(cell);
      return number ? value == *number : value.is_null();
    };
    CHECK(same(row.cells[3], expected["value"]));
    CHECK(same(row.cells[5], expected["relative"]));
  }
}
