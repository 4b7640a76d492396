#include "common/workload/make_source.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "support.h"

using namespace workload_test;

namespace {

GeneratorSpec small(std::variant<StrideLaw, UniformLaw, ZipfLaw, PointerChaseLaw> law) {
  GeneratorSpec spec;
  spec.law = law;
  spec.base = 0x10000;
  spec.footprint_bytes = 64 << 10;
  spec.count = 50'000;
  return spec;
}

std::vector<MemoryAccess> run(const GeneratorSpec& spec, unsigned vcpu = 0, std::uint64_t seed = 1,
                              std::size_t batch = 100) {
  const auto source = make_source(WorkloadSpec{spec}, vcpu, seed);
  return collect(*source, batch);
}

const std::vector<GeneratorSpec> one_of_each{small(StrideLaw{192}), small(UniformLaw{}),
                                             small(ZipfLaw{}), small(PointerChaseLaw{256})};

}  // namespace

TEST_CASE("stride: equal steps, round and round") {
  GeneratorSpec spec = small(StrideLaw{24});
  spec.footprint_bytes = 64;
  spec.count = 6;
  std::vector<std::uint64_t> found;
  for (const auto& access : run(spec)) found.push_back(access.va.value - spec.base);
  CHECK(found == std::vector<std::uint64_t>{0, 24, 48, 8, 32, 56});

  spec.law = StrideLaw{-24};
  found.clear();
  for (const auto& access : run(spec)) found.push_back(access.va.value - spec.base);
  CHECK(found == std::vector<std::uint64_t>{0, 40, 16, 56, 32, 8});

  spec.law = StrideLaw{64 * 5};  // a multiple of the footprint stays where it is
  for (const auto& access : run(spec)) CHECK(access.va.value == spec.base);
}

TEST_CASE("stride: a footprint that ends at the top of the address space") {
  GeneratorSpec spec = small(StrideLaw{4096});
  spec.base = 0x1000;
  spec.footprint_bytes = ~std::uint64_t{0} - 0x1000 - 0xfff + 1 - 8;
  spec.footprint_bytes -= spec.footprint_bytes % 8;
  spec.law = StrideLaw{std::int64_t{1} << 62};
  spec.count = 100;
  for (const auto& access : run(spec)) {
    CHECK(access.va.value >= spec.base);
    CHECK(access.va.value - spec.base < spec.footprint_bytes);
  }
}

TEST_CASE("stride: further vCPUs start elsewhere, at a multiple of the stride") {
  const GeneratorSpec spec = small(StrideLaw{4096});
  std::set<std::uint64_t> starts;
  for (unsigned vcpu = 0; vcpu < 8; ++vcpu) {
    const std::uint64_t start = run(spec, vcpu).front().va.value - spec.base;
    CHECK(start % 4096 == 0);
    CHECK(start < spec.footprint_bytes);
    starts.insert(start);
  }
  CHECK(run(spec, 0).front().va.value == spec.base);
  CHECK(starts.size() > 3);
}

TEST_CASE("uniform: chi-square over all 8192 units") {
  GeneratorSpec spec = small(UniformLaw{});
  spec.count = 8192 * 40;
  std::vector<double> found(8192);
  for (const auto& access : run(spec)) found[(access.va.value - spec.base) / 8] += 1;
  double chi_square = 0;
  for (const double count : found) chi_square += (count - 40) * (count - 40) / 40;
  CHECK(chi_square == doctest::Approx(8191).epsilon(0.06));  // +- 4 sigma
}

TEST_CASE("zipf: pages by the law, hot ones apart, the place within a page uniform") {
  GeneratorSpec spec = small(ZipfLaw{1.0, 4096, true});
  spec.footprint_bytes = 1024 * 4096;
  spec.count = 200'000;
  std::vector<double> by_page(1024), by_unit(512);
  for (const auto& access : run(spec)) {
    by_page[(access.va.value - spec.base) / 4096] += 1;
    by_unit[access.va.value % 4096 / 8] += 1;
  }
  const auto hottest = std::max_element(by_page.begin(), by_page.end());
  std::vector<double> sorted = by_page;
  std::sort(sorted.rbegin(), sorted.rend());
  const double harmonic = std::log(1024.0) + 0.5772;
  for (const int rank : {1, 2, 3, 4})
    CHECK(sorted[static_cast<std::size_t>(rank - 1)] ==
          doctest::Approx(200'000 / harmonic / rank).epsilon(0.05));
  // The second hottest page is not beside the hottest.
  const auto second = std::find(by_page.begin(), by_page.end(), sorted[1]);
  CHECK(std::abs(second - hottest) > 1);
  double chi_square = 0;
  for (const double count : by_unit) chi_square += (count - 390.6) * (count - 390.6) / 390.6;
  CHECK(chi_square == doctest::Approx(511).epsilon(0.25));  // +- 4 sigma

  spec.law = ZipfLaw{1.0, 4096, false};
  std::vector<double> unscattered(1024);
  for (const auto& access : run(spec)) unscattered[(access.va.value - spec.base) / 4096] += 1;
  CHECK(unscattered[0] > unscattered[1]);
  CHECK(unscattered[1] > unscattered[2]);
  CHECK(unscattered[2] > unscattered[1000]);
}

TEST_CASE("zipf: all vCPUs have the same hot page, and draw by themselves") {
  const GeneratorSpec spec = small(ZipfLaw{1.5, 4096, true});
  const auto hottest = [&](unsigned vcpu) {
    std::map<std::uint64_t, int> pages;
    for (const auto& access : run(spec, vcpu)) ++pages[access.va.value / 4096];
    return std::max_element(pages.begin(), pages.end(),
                            [](auto a, auto b) { return a.second < b.second; })
        ->first;
  };
  CHECK(hottest(0) == hottest(1));
  CHECK(hottest(0) == hottest(7));
  CHECK_FALSE(run(spec, 0) == run(spec, 1));
}

TEST_CASE("pointer chase: every node once in every lap, always in the same order") {
  GeneratorSpec spec = small(PointerChaseLaw{192});
  spec.footprint_bytes = 192 * 1000;  // no power of two
  spec.count = 3000;
  const auto accesses = run(spec);
  std::set<std::uint64_t> nodes;
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK((accesses[i].va.value - spec.base) % 192 == 0);
    CHECK(accesses[i].dependent);
    CHECK(accesses[i].va == accesses[i + 1000].va);
    CHECK(accesses[i].va == accesses[i + 2000].va);
    nodes.insert(accesses[i].va.value);
  }
  CHECK(nodes.size() == 1000);
  CHECK(*nodes.begin() == spec.base);
  CHECK(*nodes.rbegin() == spec.base + 999 * 192);
}

TEST_CASE("pointer chase: one line of each page, each in another place of its page") {
  PointerChaseLaw law;
  law.node_bytes = 4096;
  law.offset_step_bytes = 65 * 64;
  law.dependent = false;
  GeneratorSpec spec = small(law);
  spec.footprint_bytes = 4096 * 100;
  spec.count = 100;
  std::set<std::uint64_t> pages;
  for (const auto& access : run(spec)) {
    const std::uint64_t offset = access.va.value - spec.base, page = offset / 4096;
    pages.insert(page);
    CHECK(offset % 4096 == page * 65 * 64 % 4096);
    CHECK_FALSE(access.dependent);
  }
  CHECK(pages.size() == 100);
}

TEST_CASE("pointer chase: another vCPU walks the same list from another node") {
  GeneratorSpec spec = small(PointerChaseLaw{64});
  spec.count = 1024;
  const auto one = run(spec, 0), other = run(spec, 1);
  CHECK_FALSE(one.front().va == other.front().va);
  const auto meet = std::find_if(one.begin(), one.end(),
                                 [&](const auto& access) { return access.va == other.front().va; });
  REQUIRE(meet != one.end());
  for (auto at = meet; at != one.end(); ++at)
    CHECK(at->va == other[static_cast<std::size_t>(at - meet)].va);
}

TEST_CASE("kinds come in the fractions asked for") {
  for (GeneratorSpec spec : one_of_each) {
    spec.write_fraction = 0.25;
    spec.fetch_fraction = 0.2;
    spec.code_base = 0x400000;
    spec.code_bytes = 256;
    double writes = 0, fetches = 0;
    std::vector<std::uint64_t> code;
    for (const auto& access : run(spec)) {
      writes += access.kind == AccessKind::write;
      if (access.kind != AccessKind::fetch) continue;
      fetches += 1;
      code.push_back(access.va.value);
    }
    CHECK(fetches / 50'000 == doctest::Approx(0.2).epsilon(0.04));
    CHECK(writes / (50'000 - fetches) == doctest::Approx(0.25).epsilon(0.04));
    for (std::size_t i = 0; i < code.size(); ++i) REQUIRE(code[i] == 0x400000 + i % 4 * 64);

    spec.write_fraction = 1;
    spec.fetch_fraction = 0;
    for (const auto& access : run(spec)) REQUIRE(access.kind == AccessKind::write);
    spec.write_fraction = 0;
    for (const auto& access : run(spec)) REQUIRE(access.kind == AccessKind::read);
    spec.fetch_fraction = 1;
    for (const auto& access : run(spec)) REQUIRE(access.kind == AccessKind::fetch);
  }
}

TEST_CASE("accesses stay in the footprint, aligned, never across a page, in the given space") {
  for (GeneratorSpec spec : one_of_each) {
    spec.access_bytes = 64;
    spec.space = 3;
    for (const auto& access : run(spec)) {
      REQUIRE(access.va.value >= spec.base);
      REQUIRE(access.va.value + access.size_bytes <= spec.base + spec.footprint_bytes);
      REQUIRE(access.va.value % 64 == 0);
      REQUIRE(access.size_bytes == 64);
      REQUIRE(access.space == 3);
    }
  }
}

TEST_CASE("same seed, same accesses; another seed, others; the batch size does not matter") {
  for (GeneratorSpec spec : one_of_each) {
    const auto first = run(spec, 1, 42, 100);
    CHECK(first.size() == spec.count);
    CHECK(first == run(spec, 1, 42, 100));
    CHECK(first == run(spec, 1, 42, 1));
    CHECK(first == run(spec, 1, 42, 4097));
    CHECK_FALSE(first == run(spec, 1, 43));
    CHECK_FALSE(first == run(spec, 0, 42));
    spec.seed = 9;
    CHECK_FALSE(first == run(spec, 1, 42));
  }
}

TEST_CASE("a footprint of 1 TiB costs nothing, and all of it is reached") {
  for (GeneratorSpec spec : one_of_each) {
    spec.base = std::uint64_t{1} << 40;
    spec.footprint_bytes = std::uint64_t{3} << 38;
    if (std::holds_alternative<StrideLaw>(spec.law)) spec.law = StrideLaw{std::int64_t{1} << 30};
    std::uint64_t lowest = ~std::uint64_t{0}, highest = 0;
    for (const auto& access : run(spec)) {
      lowest = std::min(lowest, access.va.value);
      highest = std::max(highest, access.va.value);
    }
    CHECK(lowest - spec.base < spec.footprint_bytes / 100);
    CHECK(highest - spec.base > spec.footprint_bytes / 100 * 99);
    CHECK(highest - spec.base < spec.footprint_bytes);
  }
}

TEST_CASE("phases: in order, for their counts, repeated, each going on where it was") {
  PhasesSpec spec;
  spec.phases = {small(StrideLaw{8}), small(PointerChaseLaw{64})};
  spec.phases[0].count = 3;
  spec.phases[1].count = 2;
  spec.phases[1].base = 0x8000000;
  spec.repeat = 3;
  const auto source = make_source(WorkloadSpec{spec}, 0, 1);
  const auto all = collect(*source, 4);
  REQUIRE(all.size() == 15);
  MemoryAccess more[4];
  CHECK(source->next(more) == 0);

  GeneratorSpec chase = spec.phases[1];
  chase.count = 6;
  const auto nodes = run(chase);
  for (std::size_t lap = 0; lap < 3; ++lap) {
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(all[lap * 5 + i].va.value == 0x10000 + (lap * 3 + i) * 8);
    for (std::size_t i = 0; i < 2; ++i) CHECK(all[lap * 5 + 3 + i].va == nodes[lap * 2 + i].va);
  }
}

TEST_CASE("phases with the same seed share their hot pages, but do not draw alike") {
  PhasesSpec spec;
  spec.phases = {small(ZipfLaw{1.5}), small(ZipfLaw{1.5})};
  const auto source = make_source(WorkloadSpec{spec}, 0, 1);
  const auto all = collect(*source);
  REQUIRE(all.size() == 100'000);
  std::map<std::uint64_t, int> pages[2];
  int equal = 0;
  for (std::size_t i = 0; i < 50'000; ++i) {
    ++pages[0][all[i].va.value / 4096];
    ++pages[1][all[50'000 + i].va.value / 4096];
    equal += all[i].va == all[50'000 + i].va;
  }
  const auto by_count = [](auto a, auto b) { return a.second < b.second; };
  CHECK(std::max_element(pages[0].begin(), pages[0].end(), by_count)->first ==
        std::max_element(pages[1].begin(), pages[1].end(), by_count)->first);
  CHECK(equal < 1000);
}
