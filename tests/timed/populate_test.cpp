// Guests and hosts that are mapped before the first access: no faults are left, translations are
// what the tables say, and the policies have decided as they do at faults.
#include <doctest/doctest.h>

#include "child.h"
#include "common/base/user_error.h"
#include "common/machine/truth_checker.h"
#include "random_run.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// All that random_accesses() may touch.
std::vector<TouchedArea> areas_of(const RandomRun& run, bool stage1) {
  std::vector<TouchedArea> areas;
  for (std::uint16_t space = 0; space < run.spaces; ++space)
    for (const std::uint64_t base : {8 * MiB, 16 * MiB, 24 * MiB, stage1 ? 0x80000000 : 32 * MiB})
      areas.push_back({space, Va{base}, Va{base + 64 * KiB - 1}});
  return areas;
}

void populate(Rig& rig, const RandomRun& run, bool stage1, bool whole_host) {
  if (whole_host && rig.vm.host()) rig.vm.populate_host();
  if (stage1) rig.vm.populate_guest(areas_of(run, stage1));
}

std::string try_populated(const RandomRun& run, bool whole_host) {
  const auto arch = run.on.make();
  VirtualMachineSpec spec = random_vm(run);
  spec.guest.populate = arch->has_stage1();
  Rig rig(scarce_machine(run), spec, *arch);
  populate(rig, run, arch->has_stage1(), whole_host);
  fill(rig, run, *arch);
  const MappingCounts before = rig.vm.kernel() ? rig.vm.kernel()->counts() : MappingCounts{};
  TruthChecker checker(rig.vm);
  rig.run(Sync::lazy, {}, &checker);
  if (!checker.violations().empty()) return checker.violations().front();
  if (!rig.seen.faults.empty()) return "a fault";
  if (const HostVm* host = rig.vm.host();
      host && whole_host && host->counts.mapped_bytes != host->slots.bytes())
    return "the host has not mapped all";
  if (GuestKernel* kernel = rig.vm.kernel()) {
    if (kernel->counts().mapped_bytes != before.mapped_bytes) return "the guest has mapped more";
    if (rig.vm.touched_bytes() > before.mapped_bytes) return "more was touched than mapped";
    if (run.guest_policy == PolicyKind::thp && !before.pages_by_lg2[run.on.huge_lg2])
      return "no huge page";
  }
  return fmt::format("{} translations are true", checker.checked());
}

}  // namespace

TEST_CASE("populated: no faults on any architecture, true translations") {
  for (const NamedArchitecture& named : all_architectures())
    for (const PolicyKind policy : {PolicyKind::base, PolicyKind::thp}) {
      CAPTURE(named.name);
      RandomRun run;
      run.on = named;
      run.vcpus = 2;
      run.max_outstanding = 4;
      run.guest_policy = run.host_policy = policy;
      const bool guest = named.make()->has_stage1();
      for (const bool whole_host : {true, false})
        if (guest || whole_host)
          CHECK(in_child([&] { return try_populated(run, whole_host); }) ==
                "600 translations are true");
    }
}

TEST_CASE("populated: a page size and address are what a fault would have given") {
  const auto arch = make_x86(PagingKind::four_level, Paging::npt);
  for (const PolicyKind policy : {PolicyKind::base, PolicyKind::thp}) {
    VirtualMachineSpec spec = small_vm();
    spec.guest.policy = huge_pages(policy, 21);
    spec.guest.fragmentation = 0.5;
    VirtualMachine faulting(spec, *arch), populated(spec, *arch);
    populated.populate_guest({{1, Va{6 * MiB}, Va{14 * MiB - 1}}});
    FunctionalMachine machine(bare_machine(), faulting);
    for (std::uint64_t at = 6 * MiB; at < 14 * MiB; at += 4 * KiB) {
      MemoryAccess access = read_of(at);
      access.space = 1;
      CHECK(machine.translate(access) == populated.truth(1, Va{at}));
    }
    CHECK(faulting.kernel()->counts().mapped_bytes == populated.kernel()->counts().mapped_bytes);
    CHECK(faulting.kernel()->table_bytes() == populated.kernel()->table_bytes());
    CHECK(faulting.host()->counts.mapped_bytes == populated.host()->counts.mapped_bytes);
  }
}

TEST_CASE("populated: pages that nobody accesses are mapped but not touched") {
  const auto arch = make_x86(PagingKind::four_level, Paging::ept);
  VirtualMachineSpec spec = small_vm();
  spec.guest.populate = true;
  Rig rig(bare_machine(), spec, *arch);
  rig.vm.populate_host();
  rig.vm.populate_guest({{0, Va{16 * MiB}, Va{17 * MiB - 1}}});
  rig.add({read_of(16 * MiB), read_of(16 * MiB + 8), read_of(17 * MiB - 8)});
  rig.run();
  CHECK(rig.vm.kernel()->counts().mapped_bytes == 1 * MiB);
  CHECK(rig.vm.touched_bytes() == 2 * 4 * KiB);
  CHECK(rig.seen.walks.size() == 3);
  CHECK(rig.seen.accesses.at(0).entry_reads == 24);
}

TEST_CASE("populated: unmapped pages come back by a fault") {
  const auto arch = make_x86(PagingKind::four_level, Paging::ept);
  VirtualMachineSpec spec = small_vm();
  spec.guest.populate = true;
  Rig rig(bare_machine(), spec, *arch);
  rig.vm.kernel()->remember_pages();
  rig.vm.populate_guest({{0, Va{16 * MiB}, Va{16 * MiB + 4 * KiB - 1}}});
  rig.add(std::vector<MemoryAccess>(12, read_of(16 * MiB)));
  rig.run(Sync::lazy, {10, UnmapInvalidation::address});
  CHECK(rig.seen.shootdowns.size() == 1);
  CHECK(rig.seen.faults.size() == 1);
}

TEST_CASE("populated: more than there is memory for") {
  const auto arch = make_x86(PagingKind::four_level, Paging::ept);
  VirtualMachine vm(small_vm(), *arch);
  CHECK_THROWS_WITH_AS(vm.populate_guest({{0, Va{1 << 30}, Va{(1 << 30) + 64 * MiB}}}),
                       "guest.populate: the workload can touch the 67108865 bytes from "
                       "0x40000000; guest.memory has 67108864",
                       UserErrors);
  // Nor is there any for the tables.
  CHECK_THROWS_AS(vm.populate_guest({{0, Va{1 << 30}, Va{(1 << 30) + 64 * MiB - 1}}}), UserErrors);
  VirtualMachineSpec crowded = small_vm();
  crowded.host.memory_bytes = 32 * MiB;
  VirtualMachine poor(crowded, *arch);
  CHECK_THROWS_AS(poor.populate_host(), UserErrors);
}
