// The shipped cost files, and that no price goes without its source.
#include "common/config/costs.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "helpers.h"

using namespace nestwalk::config;
namespace fs = std::filesystem;

namespace {

Costs shipped_costs(const std::string& name) {
  for (Costs& costs : list_costs(shipped()))
    if (costs.name == name) return costs;
  FAIL("no cost file ", name);
  return {};
}

Texts errors_of_file(const std::string& text) {
  const fs::path file =
      fs::temp_directory_path() / fmt::format("nestwalk-costs-{}.yaml", ::getpid());
  std::ofstream(file) << text;
  Errors errors;
  load_cost_file(file, errors);
  fs::remove(file);
  Texts out;
  for (nestwalk::UserError error : errors.all()) {
    error.file = "f.yaml";
    out.push_back(error.text());
  }
  return out;
}

}  // namespace

TEST_CASE("every shipped file prices all steps of its side, each with a source") {
  const std::pair<const char*, CostSet> files[] = {
      {"x86-linux-guest", CostSet::guest}, {"arm64-linux-guest", CostSet::guest},
      {"x86-kvm", CostSet::host_x86},      {"x86-kvm-amd", CostSet::host_x86},
      {"arm64-kvm", CostSet::host_arm64},  {"none", CostSet::all}};
  for (const auto& file : files) {
    const std::string name = file.first;
    const CostSet set = file.second;
    CAPTURE(name);
    const Costs costs = shipped_costs(name);
    CHECK(costs.steps.size() == steps_of(set).size());
    for (const std::string& step : steps_of(set)) {
      CAPTURE(step);
      REQUIRE(costs.find(step));
      CHECK(!costs.at(step).source.empty());
    }
  }
}

TEST_CASE("zeroing is priced by size, shootdowns by target, and hardware broadcast is free") {
  for (const Costs& costs : list_costs(shipped())) {
    CAPTURE(costs.name);
    CHECK(costs.at("zero_4k").per == "4K");
    CHECK(costs.at("send_shootdown").per == "target");
    if (costs.name.starts_with("arm64")) CHECK(costs.at("receive_shootdown").cycles == 0);
  }
  for (const Cost& cost : shipped_costs("none").steps) CHECK(cost.cycles == 0);
}

TEST_CASE("only what a document states is called published") {
  const std::set<std::string> stated = {"local_invalidate", "zero_4k", "abort_entry",
                                        "exception_return"};
  for (const Costs& costs : list_costs(shipped()))
    for (const Cost& cost : costs.steps) {
      CAPTURE(costs.name);
      CAPTURE(cost.step);
      CHECK(cost.kind != "measured");
      if (cost.kind == "published") CHECK(stated.count(cost.step) == 1);
      if (cost.kind != "assumed") CHECK(costs.clock_mhz > 0);
    }
}

// The totals that documents state, of which the lists are splits.
TEST_CASE("prices add up to what is published") {
  const auto sum = [](const Costs& costs, std::initializer_list<const char*> steps) {
    std::uint64_t cycles = 0;
    for (const char* step : steps) cycles += costs.at(step).cycles;
    return cycles;
  };
  const Costs intel = shipped_costs("x86-kvm"), amd = shipped_costs("x86-kvm-amd");
  CHECK(sum(intel, {"vm_exit", "vm_entry"}) == 1500);
  CHECK(sum(amd, {"vm_exit", "vm_entry"}) >= 1344);
  CHECK(sum(amd, {"vm_exit", "vm_entry"}) <= 1376);
  // A hypercall: 306 ns at 2.8 GHz.
  const Costs arm = shipped_costs("arm64-kvm");
  CHECK(sum(arm, {"abort_entry", "save_context", "read_fault", "restore_context",
                  "exception_return"}) == 857);
  const auto fault = {"exception_entry", "find_vma", "allocate_page", "write_entry",
                      "exception_return"};
  CHECK(sum(shipped_costs("x86-linux-guest"), fault) == 1250);
  CHECK(sum(shipped_costs("arm64-linux-guest"), fault) == 1150);
  // The fit of a guest's interrupts: 1,400 + 2,900 for each target.
  CHECK(sum(shipped_costs("x86-linux-guest"), {"receive_shootdown", "invalidate_latency"}) == 1400);
}

TEST_CASE("the lists of steps hold each once, and all of them everything") {
  std::set<std::string> all(steps_of(CostSet::all).begin(), steps_of(CostSet::all).end());
  CHECK(all.size() == steps_of(CostSet::all).size());
  for (const CostSet set :
       {CostSet::guest, CostSet::host_x86, CostSet::host_arm64, CostSet::any_host})
    for (const std::string& step : steps_of(set)) CHECK(all.count(step) == 1);
  CHECK(steps_of(CostSet::guest).size() == 12);
  CHECK(steps_of(CostSet::host_x86).size() == 14);
  CHECK(steps_of(CostSet::host_arm64).size() == 17);
}

TEST_CASE("mistakes in a cost file") {
  CHECK(errors_of_file(
            "description: d\nsteps:\n  vm_exti: {cycles: 1, kind: assumed, source: s}\n") ==
        Texts{"f.yaml:3: steps.vm_exti: unknown key; did you mean 'vm_exit'?"});
  CHECK(
      errors_of_file("description: d\nsteps:\n  vm_exit: {cycles: 1}\n") ==
      Texts{"f.yaml:3: steps.vm_exit.kind: missing; allowed: measured, published, derived, assumed",
            "f.yaml:3: steps.vm_exit.source: missing; allowed: text that is not empty (in quotes "
            "if it "
            "looks like a number)"});
  CHECK(errors_of_file("description: d\nsteps:\n  vm_exit: {cycles: -1, kind: known, source: ''}\n")
            .size() == 3);
}
