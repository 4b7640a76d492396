// The sums that must agree in every run: each check catches what it is for.
#include "common/probe/collectors/check_sums.h"

#include <doctest/doctest.h>

#include "unit/base/death.h"
#include "unit/results/sample_results.h"

using namespace nestwalk;

namespace {

// What `check` says of sample_4k after `damage`.
std::string said_of(void (*damage)(Results&), void (*check)(const Results&) = check_sums) {
  const test::Death death = test::death_of([&] {
    Results results = sample_4k();
    damage(results);
    check(results);
  });
  CHECK(death.signal == SIGABRT);
  return death.said;
}

bool says(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("sums that agree pass") {
  check_sums(sample_4k());
  check_sums(sample_2m());
  check_sums(Results{});
}

TEST_CASE("a handler charged twice: more time in faults than a vCPU had") {
  check_handlers_do_not_overlap(sample_4k());
  const std::string said =
      said_of([](Results& r) { r.vcpus[1].last_cycle = 1'214'999; },  // of 1,215,000 in handlers
              check_handlers_do_not_overlap);
  CHECK(says(said, "vCPU 1 spent 1215000 cycles in fault handlers, but had only 1214999"));
}

TEST_CASE("a vCPU that ends after the run") {
  CHECK(says(said_of([](Results& r) { ++r.vcpus[0].last_cycle; }), "vCPU 0 ended at cycle"));
}

TEST_CASE("vCPUs that do not sum to the machine") {
  CHECK(says(said_of([](Results& r) { ++r.vcpus[0].accesses; }), "accesses sum to 100001"));
  CHECK(says(said_of([](Results& r) {
               ++r.vcpus[0].span_cycles[0];
               --r.vcpus[0].span_cycles[1];
             }),
             "do not sum to the machine's"));
}

TEST_CASE("latencies that are not the sum of their spans") {
  CHECK(says(said_of([](Results& r) { r.access_latency.add(1); }), "accesses sum to"));
  const auto lengthened = [](Histogram& h) {
    Histogram longer;
    for (const Histogram::Bucket& bucket : h.buckets()) longer.add(bucket.lower + 1, bucket.count);
    h = longer;
  };
  static const auto lengthen = lengthened;
  CHECK(says(said_of([](Results& r) { lengthen(r.access_latency); }), "latencies sum to"));
  CHECK(
      says(said_of([](Results& r) { lengthen(r.translation_latency[1]); }), "translations sum to"));
  CHECK(says(said_of([](Results& r) { lengthen(r.hardware_translation); }),
             "translations without faults sum to"));
  CHECK(says(said_of([](Results& r) { lengthen(r.steady_access); }),
             "accesses without faults sum to"));
  CHECK(says(said_of([](Results& r) { r.steady_access.add(0); }), "holds 100001 of 100000"));
}

TEST_CASE("handlers that no access was charged for") {
  CHECK(says(said_of([](Results& r) { add(r.faults[1].latency, 100'000, 1); }),
             "fault handlers took"));
  CHECK(says(said_of([](Results& r) { add(r.faults[0].spurious, 100'000, 1); }),
             "fault handlers took"));
}
