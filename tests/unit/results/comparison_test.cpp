#include "common/results/comparison.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/user_error.h"
#include "common/results/verdict.h"
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
  CHECK(*of("hardware_translation_mean_cycles") == doctest::Approx(1.86 / 5.88));
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

TEST_CASE("keys that differ, the shortest first; names and equal ones are left out") {
  Results other = sample_2m();
  other.meta.name = "other";
  other.meta.settings.insert(other.meta.settings.begin() + 1, {"machine.tlb.l1.entries", "64"});
  other.meta.costs[1].cycles = 351;
  const auto found = compare({sample_4k(), other}).differences;
  REQUIRE(found.size() == 3);
  CHECK(found[0].key == "guest.policy");
  CHECK(found[0].values == std::vector<std::string>{"base", "thp"});
  CHECK(found[1].key == "machine.tlb.l1.entries");
  CHECK(found[1].values == std::vector<std::string>{"", "64"});
  CHECK(found[2].key == "price of host.map");
  CHECK(compare({sample_4k(), sample_4k()}).differences.empty());
}

TEST_CASE("ranks by measured time in ns; less than 1 % more shares a rank") {
  const auto taking = [](std::uint64_t cycles, std::uint64_t mhz) {
    Results r = sample_4k();
    r.simulated_cycles = cycles;
    r.meta.frequency_mhz = mhz;
    return r;
  };
  const auto ranks = [](const std::vector<Results>& results) {
    std::vector<unsigned> all;
    for (const ComparedVariant& each : compare(results).variants) all.push_back(each.rank);
    return all;
  };
  const std::uint64_t m = 1'000'000;
  CHECK(ranks({taking(5 * m, 2000), taking(4 * m, 2000), taking(4 * m + m / 50, 2000),
               taking(4 * m + m / 25 + 1, 2000)}) == std::vector<unsigned>{4, 1, 1, 3});
  CHECK(ranks({taking(4 * m, 2000), taking(5 * m, 4000)}) == std::vector<unsigned>{2, 1});
  CHECK(compare({taking(m, 2000), taking(m, 4000)}).warnings.size() == 1);
}

TEST_CASE("differences below 1 % or within the noise are not named") {
  CHECK(differ({100, 0}, {101.1, 0}));
  CHECK_FALSE(differ({100, 0}, {100.9, 0}));
  CHECK(differ({100, 1}, {103, 1}));
  CHECK_FALSE(differ({100, 1.1}, {103, 1.1}));
}

TEST_CASE("verdicts: who is ahead in steady state, and why") {
  CHECK(steady_verdict(compare({sample_4k()})).empty());
  const std::string won = steady_verdict(compare({sample_4k(), sample_2m()}));
  // (1,700,000 + 1,690,000 - 890,000) / 100,000 cycles at 2 GHz, of 4,760,123 / 100,000
  CHECK(won.find("2M+2M: 12.50 ns per access, 0.53x of 4K+4K") != std::string::npos);
  CHECK(won.find("translation cycles 5.88 -> 1.86") != std::string::npos);
  CHECK(won.find("entry reads per walk 13.60 -> 9.00") != std::string::npos);
  CHECK(won.find("+40.0 MiB guest bloat") != std::string::npos);
  const std::string kept = steady_verdict(compare({sample_2m(), sample_4k()}));
  CHECK(kept.find("2M+2M: 12.50 ns per access; next 4K+4K with 1.90x.") != std::string::npos);
  const std::string alike =
      steady_verdict(compare({sample_4k(), sample_2m(), named(sample_2m(), "s", "other")}));
  CHECK(alike.find("not to be told from it: other") != std::string::npos);
  CHECK(steady_verdict(compare({sample_4k(), named(sample_4k(), "s", "same")})) ==
        "Steady state: no difference worth naming.");
  // Runs without any access have nothing to praise.
  CHECK(steady_verdict(compare({Results{}, Results{}})).empty());
}

TEST_CASE("verdicts: who pays the least at first touch, and on which prices that rests") {
  const std::string won = first_touch_verdict(compare({sample_4k(), sample_2m()}));
  CHECK(won.find("2M+2M: 445 us of fault software, 0.37x of 4K+4K.") != std::string::npos);
  CHECK(won.find("Faults of the warm-up are not counted.") != std::string::npos);
  CHECK(won.ends_with("Rests on these prices: guest 1 published; host 1 measured, 1 assumed."));
  CHECK(first_touch_verdict(compare({sample_4k(), named(sample_4k(), "s", "same")})) ==
        "First touch: no difference worth naming. Faults of the warm-up are not counted.");
  Results populated = sample_2m();
  populated.meta.settings.push_back({"host.populate", "true"});
  CHECK(first_touch_verdict(compare({sample_4k(), populated}))
            .find("Populated before the clock started, which is not counted: 2M+2M.") !=
        std::string::npos);
  // Three faults or four of one size may be chance, as may one or two; one of another size is not.
  const auto faulting = [](std::uint64_t cycles, std::uint64_t times) {
    Results r = sample_4k();
    r.faults = {};
    add(r.faults[1].latency, cycles, times);
    r.span_cycles[index_of(TimeSpan::guest_fault)] = 0;
    r.span_cycles[index_of(TimeSpan::host_fault)] = cycles * times;
    return r;
  };
  const auto verdict = [&](const Results& one, const Results& other) {
    return first_touch_verdict(compare({one, named(other, "s", "other")}));
  };
  CHECK(verdict(faulting(1000, 3), faulting(1000, 4)).find("no difference") != std::string::npos);
  CHECK(verdict(faulting(1000, 1), faulting(1000, 2)).find("no difference") != std::string::npos);
  CHECK(verdict(faulting(1000, 300), faulting(1000, 400)).find("next other with 1.33x") !=
        std::string::npos);
  CHECK(verdict(faulting(1000, 1), faulting(4000, 1)).find("next other with 4.00x") !=
        std::string::npos);
}

TEST_CASE("break-even: where the measured times of two runs would meet") {
  // The same accesses, once with dear faults and cheap accesses.
  Results dear = sample_4k();
  dear.meta.variant = "dear";
  dear.span_cycles[index_of(TimeSpan::host_fault)] += 40'000'000;
  share_between_two(dear, 22'600'000, 22'590'123);
  dear.vcpus[0].last_cycle -= 1'000'000;  // saved by the accesses
  dear.vcpus[1].last_cycle -= 1'000'000;
  Results base = sample_4k();
  dear.warmup_cycles = base.warmup_cycles = 0;
  const Comparison comparison = compare({base, dear});
  REQUIRE(comparison.variants[1].break_even);
  const BreakEven& even = *comparison.variants[1].break_even;
  CHECK(even.more_fault_us == 20'000.0);
  CHECK(even.more_ns_per_access == doctest::Approx(-20.0));
  CHECK(even.accesses == doctest::Approx(1e6));
  CHECK(break_even_sentences(comparison) ==
        std::vector<std::string>{
            "dear takes 20.0 ms more in faults and 20.00 ns less per access: ahead of 4K+4K after "
            "1.00 M accesses, if nothing more is touched first."});
  dear.meta.variant = "4K+4K";
  Results cheap = base;
  cheap.meta.variant = "cheap";
  CHECK(break_even_sentences(compare({dear, cheap}))[0].find("behind 4K+4K after 1.00 M") !=
        std::string::npos);
  // Better in both: there is nothing to make up for.
  CHECK(break_even_sentences(compare({base, sample_2m()})).empty());
  // Not all first touches were measured.
  Results warm = dear;
  warm.warmup_cycles = 1;
  CHECK(break_even_sentences(compare({base, warm})).empty());
  dear.meta.settings.push_back({"guest.populate", "true"});
  CHECK(break_even_sentences(compare({base, dear})).empty());
}

TEST_CASE("long names become numbers with a legend; lines fit the terminal") {
  std::vector<Results> many;
  for (int i = 0; i < 12; ++i) {
    many.push_back(i % 2 ? sample_2m() : sample_4k());
    many.back().meta.variant = std::string(130, 'v') + std::to_string(i);
    many.back().simulated_cycles *= 1'000'000;
    many.back().span_cycles[index_of(TimeSpan::host_fault)] *= 100'000;
    many.back().memory[1].mapped_bytes = std::uint64_t{1} << 59;
  }
  many[1].meta.settings.push_back({"a." + std::string(70, 'k'), std::string(90, 'w')});
  for (const unsigned columns : {60U, 80U, 100U, 200U}) {
    const std::string text = to_text(compare(many), {.columns = columns});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= columns, line);
    CHECK(text.find("[12]") != std::string::npos);
  }
}

TEST_CASE("JSON and CSV of a comparison hold the same numbers") {
  const Comparison comparison = compare({sample_4k(), sample_2m()});
  const auto json = nlohmann::ordered_json::parse(to_json(comparison));
  CHECK(json["baseline"] == "4K+4K");
  CHECK(json["verdicts"]["steady_state"] == steady_verdict(comparison));
  CHECK(json["verdicts"]["first_touch"] == first_touch_verdict(comparison));
  CHECK(json["differences"][0]["values"]["2M+2M"] == "thp");
  CHECK(json["variants"][1]["rank"] == 1);
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
