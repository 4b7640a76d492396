// The timed machine translates as the functional one does: in order the same physical address for
// every access; with overlap and several vCPUs each address is what the tables say. The spans of
// every access sum to its latency.
#include <doctest/doctest.h>

#include <numeric>

#include "child.h"
#include "common/machine/truth_checker.h"
#include "random_run.h"
#include "recording.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// "n accesses agree", or where they do not.
std::string compare(const RandomRun& run) {
  const auto made = run.on.make();
  const Architecture& arch = *made;
  Rig rig(scarce_machine(run), random_vm(run), arch);
  fill(rig, run, arch);
  Translations timed;
  rig.run(Sync::lazy, {}, &timed);
  const std::vector<MemoryAccess> list = random_accesses(run, 0, arch.has_stage1());
  if (timed.all.size() != list.size()) return "not every access was translated";

  VirtualMachine vm(random_vm(run), arch);
  FunctionalMachine functional(scarce_machine(run), vm);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Pa pa = functional.translate(list[i]);
    if (timed.all[i].va != list[i].va || timed.all[i].pa != pa)
      return fmt::format("access {} to {:#x}: {:#x} timed, {:#x} functional", i, list[i].va.value,
                         timed.all[i].pa.value, pa.value);
  }
  return fmt::format("{} accesses agree", list.size());
}

std::string check_spans(const RandomRun& run) {
  const auto made = run.on.make();
  const Architecture& arch = *made;
  Rig rig(scarce_machine(run), random_vm(run), arch);
  fill(rig, run, arch);
  rig.run(Sync::lazy, run.unmaps);
  for (const AccessDone& done : rig.seen.accesses) {
    const Cycles sum = std::accumulate(done.spans.begin(), done.spans.end(), Cycles{0});
    if (sum != done.total_cycles || done.translation_cycles + span_of(done, Span::data) != sum)
      return fmt::format("{:#x}: {} is not {}", done.va.value, sum, done.total_cycles);
    if (span_of(done, Span::tlb) == 0) return fmt::format("{:#x}: no TLB latency", done.va.value);
    if (done.served == Served::walk && span_of(done, Span::walk_cache) == 0)
      return fmt::format("{:#x}: no walk-cache latency", done.va.value);
  }
  // The handlers that accesses entered themselves are in their spans, with what messages stole.
  Cycles handled = 0, charged = 0;
  for (const FaultHandled& fault : rig.seen.faults)
    handled += fault.latency_cycles - fault.host_cycles;
  for (const AccessDone& done : rig.seen.accesses)
    charged += span_of(done, Span::guest_fault) + span_of(done, Span::host_fault) +
               span_of(done, Span::invalidation);
  if (handled > charged) return fmt::format("{} handled, {} charged", handled, charged);
  return fmt::format("{} sums", rig.seen.accesses.size());
}

std::string check_truth(const RandomRun& run) {
  const auto made = run.on.make();
  const Architecture& arch = *made;
  Rig rig(scarce_machine(run), random_vm(run), arch);
  fill(rig, run, arch);
  TruthChecker checker(rig.vm);
  rig.run(Sync::lazy, run.unmaps, &checker);
  if (!checker.violations().empty()) return checker.violations().front();
  if (checker.legally_stale()) return "a translation was out of date without any unmapping";
  const std::size_t accesses = rig.seen.accesses.size();
  // Those that a fault has undone are translated, and checked, again.
  if (checker.checked() < accesses) return "an access was not checked";
  return fmt::format("the translations of {} accesses are true", accesses);
}

}  // namespace

TEST_CASE("timed and functional machine give the same physical address for every access") {
  for (const NamedArchitecture& named : all_architectures())
    for (const std::uint64_t seed : {1, 2}) {
      CAPTURE(named.name);
      RandomRun run;
      run.on = named;
      run.seed = seed;
      run.accesses = 600;
      if (seed == 2) run.guest_policy = run.host_policy = PolicyKind::thp;
      CHECK(in_child([&] { return compare(run); }) == "600 accesses agree");
    }
}

TEST_CASE("overlapping accesses of several vCPUs reach what the tables say") {
  for (const NamedArchitecture& named : all_architectures())
    for (const unsigned vcpus : {1u, 4u}) {
      CAPTURE(named.name);
      RandomRun run;
      run.on = named;
      run.seed = vcpus;
      run.vcpus = vcpus;
      run.max_outstanding = 4;
      if (vcpus == 4) run.guest_policy = PolicyKind::thp;
      CHECK(in_child([&] { return check_truth(run); }) ==
            fmt::format("the translations of {} accesses are true", 300 * vcpus));
    }
}

TEST_CASE("the spans of every access sum to its latency") {
  for (const NamedArchitecture& named : all_architectures()) {
    CAPTURE(named.name);
    RandomRun run;
    run.on = named;
    run.vcpus = 4;
    run.max_outstanding = 4;
    run.unmaps = {10, UnmapInvalidation::vm};
    for (run.seed = 1; run.seed <= 3; ++run.seed)
      CHECK(in_child([&] { return check_spans(run); }) == "1200 sums");
  }
}
