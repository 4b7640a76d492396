// The one rule of concurrency: a walk overtaken by an invalidation that covers it may finish but
// fills nothing; an invalidation is complete only when the accesses that it has overtaken are. vCPU
// 1 unmaps the only page of address space 0 while vCPU 0 uses it; from run to run the moment moves
// through what vCPU 0 does, and in each run every event must obey the rule. Two stages, because
// their walk goes on for long after it has read the guest's entry.
#include <doctest/doctest.h>

#include <algorithm>

#include "architectures.h"
#include "child.h"
#include "random_run.h"
#include "recording.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page = 0x10000000, elsewhere = 0x30000000;
constexpr unsigned interval = 64;  // vCPU 1 unmaps before its 65th access; vCPU 0 makes fewer

MemoryAccess in_space(std::uint16_t space, std::uint64_t va, bool dependent = false) {
  MemoryAccess access = read_of(va, dependent);
  access.space = space;
  return access;
}

// Tells which walks belong to which access of vCPU 0 (one at a time).
struct ByAccess final : Observer {
  struct Access {
    AccessDone done;
    std::vector<WalkDone> walks;
  };
  std::vector<Access> accesses;
  Cycles unmapped_cycle = 0;  // when vCPU 1 goes on
  std::vector<WalkDone> walks;
  unsigned shootdowns = 0;

  void on(const WalkDone& walk) override {
    if (walk.vcpu == 0) walks.push_back(walk);
  }
  void on(const ShootdownDone&) override { ++shootdowns; }
  void on(const AccessDone& done) override {
    if (done.vcpu == 0) {
      accesses.push_back({done, std::move(walks)});
      walks.clear();
    } else if (shootdowns && !unmapped_cycle) {
      unmapped_cycle = done.issued_cycle;
    }
  }
};

struct Scene {
  MachineSpec spec = bare_machine();
  VirtualMachineSpec vm = small_vm();
  UnmapInvalidation kind = UnmapInvalidation::address;
  std::vector<MemoryAccess> round;  // what vCPU 0 repeats
  // When vCPU 1 unmaps, by how much later from run to run: past the first faults, over a round.
  Cycles earliest = 12000, step = 211;
  bool late_start = false;  // vCPU 0 has another page to fault in first
  ByAccess seen;
  Translations translations;

  // `shift`: how much later vCPU 1 unmaps.
  void run(unsigned shift) {
    const auto arch = make_x86(PagingKind::four_level, Paging::ept);
    vm.guest_costs.steps.at("unmap_page").cycles = earliest + shift * step;
    spec.shootdown_delivery_cycles = 50;
    VirtualMachine machine_vm(vm, *arch);
    std::vector<std::unique_ptr<AccessSource>> sources;
    std::vector<MemoryAccess> list = {in_space(0, page)};
    if (late_start) list.push_back(in_space(1, elsewhere));
    while (list.size() + round.size() < interval)
      list.insert(list.end(), round.begin(), round.end());
    sources.push_back(std::make_unique<ListSource>(list));
    sources.push_back(
        std::make_unique<ListSource>(std::vector<MemoryAccess>(interval + 1, in_space(0, page))));
    spec.vcpus = 2;
    const UnmapSpec unmaps{interval, kind};
    RunControl control;
    TimedMachine machine("machine", spec, unmaps, Sync::lazy, machine_vm, sources, seen, control,
                         &translations);
    machine.run();
  }
};

// Runs the scene with all shifts, each in a process of its own; `judge` says "" (nothing to see),
// "seen" (what it looks for has happened and was right) or what is wrong.
void check_scene(const Scene& scene, const std::function<std::string(const Scene&)>& judge,
                 bool must_happen = true) {
  unsigned happened = 0;
  for (unsigned shift = 0; shift < 26; ++shift) {
    CAPTURE(shift);
    const std::string said = in_child([&] {
      Scene mine = scene;
      mine.run(shift);
      if (mine.seen.shootdowns != 1 || mine.seen.unmapped_cycle == 0)
        return std::string("not one shootdown");
      return judge(mine);
    });
    CHECK_MESSAGE((said.empty() || said == "seen"), said);
    happened += said == "seen";
  }
  if (must_happen)
    CHECK(happened > 0);
  else
    CHECK(happened == 0);
}

bool discarded(const ByAccess::Access& access) {
  return !access.walks.empty() && access.walks.back().discarded;
}

// vCPU 0 has one L1 TLB entry: it leaves the page, comes back (a walk), and stays (a hit).
Scene leave_and_return() {
  Scene scene;
  scene.spec.l1d = tlb_of(1, 1);
  scene.round = {in_space(1, elsewhere), in_space(0, page), in_space(0, page), in_space(0, page)};
  return scene;
}

// Reads of a walk without any cached entry: to the page, or to the guest's leaf that is not there.
struct Cold {
  unsigned mapped = 24, unmapped = 20;
};

// After a discarded walk the next access to the page walks too, and reads as much as a cold walk.
// So does the retry of a discarded walk that has met the unmapped page.
std::string fills_nothing(const Scene& scene, Cold cold, bool retried) {
  std::vector<WalkDone> walks;  // of the page, in order, with those that were not needed
  for (const ByAccess::Access& access : scene.seen.accesses) {
    if (access.done.va.value != page) continue;
    walks.insert(walks.end(), access.walks.begin(), access.walks.end());
    if (access.walks.empty()) walks.emplace_back();
  }
  for (std::size_t i = 0; i + 1 < walks.size(); ++i) {
    if (!walks[i].discarded || walks[i].faulted != retried) continue;
    const WalkDone& next = walks[i + 1];
    if (next.entry_reads == 0) return "a discarded walk has filled a TLB";
    if (next.entry_reads != (next.faulted ? cold.unmapped : cold.mapped))
      return fmt::format("a discarded walk has filled a cache: {} reads", next.entry_reads);
    return "seen";
  }
  return "";
}

void check_fills_nothing(const Scene& scene, Cold cold = {}) {
  for (const bool retried : {false, true}) {
    CAPTURE(retried);
    check_scene(scene, [=](const Scene& done) { return fills_nothing(done, cold, retried); });
  }
}

}  // namespace

TEST_CASE("an overtaken walk fills no TLB") {
  for (const UnmapInvalidation kind : all_kinds) {
    Scene scene = leave_and_return();
    scene.kind = kind;
    CAPTURE(static_cast<int>(kind));
    check_fills_nothing(scene);
  }
}

TEST_CASE("an overtaken walk fills no L2 TLB") {
  Scene scene = leave_and_return();
  scene.spec.l1d = TlbSpec{{}, 0, 0};
  scene.spec.l2 = tlb_of(1, 3);
  check_fills_nothing(scene);
}

TEST_CASE("an overtaken walk fills no walk cache") {
  Scene scene = leave_and_return();
  scene.spec.walk_caches.stage1 = {walk_cache_of(0, 1), walk_cache_of(1, 1), walk_cache_of(2, 1)};
  check_fills_nothing(scene);
}

TEST_CASE("an overtaken walk fills no stage-2 TLB") {
  Scene scene = leave_and_return();
  scene.kind = UnmapInvalidation::all;
  // Two pages and their tables make ten addresses, which go round through eight entries in vain.
  scene.spec.walk_caches.stage2_tlb = {8, 0, Replacement::lru};
  check_fills_nothing(scene);
}

TEST_CASE("an overtaken walk fills no stage-2 walk cache") {
  Scene scene = leave_and_return();
  scene.kind = UnmapInvalidation::all;
  scene.spec.walk_caches.stage2 = {walk_cache_of(2, 4)};
  scene.step = 155;  // the round is shorter
  // A cold walk reads four entries of stage 2 once, and then three for each table and the page.
  check_fills_nothing(scene, {4 + 4 + 4 * 3, 4 + 4 + 3 * 3});
}

TEST_CASE("a walk that is not covered is not overtaken") {
  // By address: INVLPG means global pages too, so that the address space does not excuse a walk,
  // but a distance of 1 GiB does. By space: another space does.
  for (const UnmapInvalidation kind : {UnmapInvalidation::address, UnmapInvalidation::space}) {
    constexpr std::uint64_t far = 0x70000000;
    Scene scene;
    scene.spec.l1d = tlb_of(1, 1);
    scene.kind = kind;
    scene.round = {in_space(1, far), in_space(1, far + 4096), in_space(1, far + 4096)};
    check_scene(
        scene,
        [](const Scene& done) {
          for (const auto& access : done.seen.accesses)
            if (discarded(access)) return std::string("seen");
          return std::string();
        },
        false);
  }
}

TEST_CASE("an invalidation of everything overtakes walks of other address spaces too") {
  for (const UnmapInvalidation kind : {UnmapInvalidation::vm, UnmapInvalidation::all}) {
    Scene scene;
    scene.spec.l1d = tlb_of(1, 1);
    scene.kind = kind;
    scene.round = {in_space(1, elsewhere), in_space(1, page), in_space(1, page)};
    check_scene(scene, [](const Scene& done) {
      const auto& accesses = done.seen.accesses;
      for (std::size_t i = 0; i + 1 < accesses.size(); ++i)
        if (discarded(accesses[i]) && accesses[i].done.space == accesses[i + 1].done.space)
          return std::string(accesses[i + 1].done.served == Served::l1_tlb &&
                                     accesses[i + 1].done.va == accesses[i].done.va
                                 ? "filled"
                                 : "seen");
      return std::string();
    });
  }
}

namespace {

// No access that has used the old page may end after the shootdown is complete. "seen" if the
// shootdown has waited for one to end.
std::string waits_for_users(const Scene& scene, bool (*counts)(const AccessDone&)) {
  std::vector<Translations::One> mine;
  Pa old{};
  for (const auto& one : scene.translations.all) {
    if (one.vcpu == 0) mine.push_back(one);
    if (one.vcpu == 1 && old == Pa{}) old = one.pa;
  }
  if (mine.size() != scene.seen.accesses.size()) return "translations are missing";
  bool seen = false;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const AccessDone& done = scene.seen.accesses[i].done;
    if (mine[i].pa.value != old.value || done.issued_cycle >= scene.seen.unmapped_cycle) continue;
    const Cycles end = done.issued_cycle + done.total_cycles;
    if (end > scene.seen.unmapped_cycle)
      return fmt::format("an access that used the old page ended at {}, the shootdown at {}", end,
                         scene.seen.unmapped_cycle);
    seen |= end == scene.seen.unmapped_cycle && counts(done);
  }
  return seen ? "seen" : "";
}

}  // namespace

TEST_CASE("a shootdown is complete only when overtaken walks are done") {
  Scene scene = leave_and_return();
  check_scene(scene, [](const Scene& done) {
    return waits_for_users(done, [](const AccessDone& a) { return a.served == Served::walk; });
  });
}

TEST_CASE("a shootdown is complete only when accesses with the old address have their data") {
  Scene scene;
  scene.spec.l1d = tlb_of(4, 1);
  scene.spec.data_accesses = true;
  scene.round = {in_space(0, page)};  // always hits the L1 TLB, and waits for DRAM
  scene.earliest = 0;
  scene.step = 17;
  scene.late_start = true;
  check_scene(scene, [](const Scene& done) {
    return waits_for_users(done, [](const AccessDone& a) { return a.served == Served::l1_tlb; });
  });
}

TEST_CASE("a shootdown is complete only when accesses in the L2 TLB are done") {
  Scene scene;
  scene.spec.l2 = tlb_of(4, 40);
  scene.spec.data_accesses = true;
  scene.round = {in_space(0, page)};
  scene.earliest = 0;
  scene.step = 17;
  scene.late_start = true;
  check_scene(scene, [](const Scene& done) {
    return waits_for_users(done, [](const AccessDone& a) { return a.served == Served::l2_tlb; });
  });
}

TEST_CASE("merged accesses look again when the walk they wait for is overtaken") {
  Scene scene = leave_and_return();
  scene.spec.max_outstanding = 2;
  scene.round = {in_space(1, elsewhere), in_space(0, page, true), in_space(0, page + 8)};
  check_scene(scene, [](const Scene& done) {
    // The second of two that overlap waits, finds that the walk was overtaken, and walks itself.
    for (const ByAccess::Access& access : done.seen.accesses)
      if (access.done.served != Served::merged && span_of(access.done, Span::merged) > 0)
        return std::string(access.done.walks > 0 ? "seen" : "no walk of its own");
    return std::string();
  });
}
