// No translation outlives its shootdown: random runs that unmap all the time, every translation
// compared with what the tables of guest and host say.
#include <doctest/doctest.h>

#include "child.h"
#include "common/machine/truth_checker.h"
#include "random_run.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page = 0x10000000, elsewhere = 0x30000000;

}  // namespace

TEST_CASE("after a shootdown nobody uses the old translation") {
  for (const NamedArchitecture& named : all_architectures())
    for (const UnmapInvalidation kind : all_kinds) {
      CAPTURE(named.name);
      CAPTURE(static_cast<int>(kind));
      RandomRun run;
      run.on = named;
      run.vcpus = 4;
      run.max_outstanding = kind == UnmapInvalidation::address ? 1 : 4;
      run.unmaps = {5, kind};
      run.accesses = 150;
      run.guest_policy = kind == UnmapInvalidation::space ? PolicyKind::thp : PolicyKind::base;
      CHECK(in_child([&]() -> std::string {
              const auto arch = run.on.make();
              Rig rig(scarce_machine(run), random_vm(run), *arch);
              fill(rig, run, *arch);
              TruthChecker checker(rig.vm);
              rig.run(Sync::lazy, run.unmaps, &checker);
              if (!checker.violations().empty()) return checker.violations().front();
              if (checker.checked() != 600) return "not all were checked";
              // Where stage 1 is off there is no guest kernel to unmap anything.
              if (arch->has_stage1() && rig.seen.shootdowns.size() < 60) return "few shootdowns";
              return "";
            }) == "");
    }
}

// The L2 TLB is slow here, and faults are cheap: while an access still waits for its hit, another
// may have met the invalidation, faulted and filled the TLB anew.
TEST_CASE("a slow hit in the L2 TLB does not bring an old translation back") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    CHECK(in_child([&]() -> std::string {
            RandomRun run;
            run.seed = seed;
            MachineSpec spec = bare_machine();
            spec.l1d = spec.l1i = tlb_of(2, 1);
            spec.l2 = tlb_of(8, 60);
            spec.max_outstanding = 4;
            spec.issue_interval_cycles = 13;
            spec.dram = flat_dram(1);
            spec.shootdown_delivery_cycles = 5;
            const auto arch = make_x86(PagingKind::four_level);
            Rig rig(spec, small_vm(), *arch);
            for (unsigned vcpu = 0; vcpu < 3; ++vcpu) {
              Random random(derive_seed(seed, vcpu));
              std::vector<MemoryAccess> list;
              for (unsigned i = 0; i < 800; ++i)
                list.push_back(read_of(page + (random.below(4) << 12)));
              rig.add(std::move(list));
            }
            TruthChecker checker(rig.vm);
            rig.run(Sync::lazy, {7, UnmapInvalidation::address}, &checker);
            return checker.violations().empty() ? "" : checker.violations().front();
          }) == "");
  }
}

TEST_CASE("the truth checker sees a translation that is out of date") {
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(bare_machine(), small_vm(), *arch);
  rig.add({read_of(page)});
  rig.run();
  TruthChecker checker(rig.vm);
  const Pa pa = *rig.vm.truth(0, Va{page});
  checker.translated(0, 0, Va{page}, pa);
  CHECK(checker.violations().empty());
  checker.translated(0, 0, Va{page}, pa + 4096);
  CHECK(checker.violations().size() == 1);
  checker.translated(0, 0, Va{elsewhere}, pa);
  CHECK(checker.violations().size() == 2);
  CHECK(checker.legally_stale() == 0);
}
