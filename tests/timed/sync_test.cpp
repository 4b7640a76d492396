// Lazy synchronisation gives exactly what yielding at every step gives; the same seed gives the
// same bytes twice, and another seed others.
#include <doctest/doctest.h>

#include "child.h"
#include "random_run.h"
#include "recording.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

std::string recording(const RandomRun& run, Sync sync) {
  return in_child([&] {
    const auto arch = run.on.make();
    Rig rig(scarce_machine(run), random_vm(run), *arch);
    fill(rig, run, *arch);
    Translations translations;
    const TimedRun done = rig.run(sync, run.unmaps, &translations);
    return text_of(rig.seen, translations, done) +
           fmt::format("touched {}\n", rig.vm.touched_bytes());
  });
}

void check_sync(const RandomRun& run) {
  CAPTURE(run.on.name);
  CAPTURE(run.max_outstanding);
  CAPTURE(run.seed);
  CAPTURE(static_cast<int>(run.unmaps.kind));
  const std::string lazy = recording(run, Sync::lazy);
  CHECK(lazy.size() > run.accesses * run.vcpus * 50);
  CHECK(first_difference(lazy, recording(run, Sync::strict)) == "");
}

// All kinds of shootdown and none, each on another architecture.
void check_shootdowns(unsigned vcpus, std::uint32_t max_outstanding, std::uint64_t interval) {
  std::size_t next = vcpus + max_outstanding;
  const auto& list = all_architectures();
  RandomRun run;
  run.vcpus = vcpus;
  run.max_outstanding = max_outstanding;
  run.on = list[next++ % list.size()];
  check_sync(run);
  run.unmaps.interval_accesses = interval;
  for (const UnmapInvalidation kind : all_kinds) {
    run.unmaps.kind = kind;
    run.guest_policy = run.seed % 2 ? PolicyKind::thp : PolicyKind::base;
    ++run.seed;
    run.on = list[next++ % list.size()];
    check_sync(run);
  }
}

}  // namespace

TEST_CASE("strict and lazy agree: 1 vCPU") { check_shootdowns(1, 1, 20); }
TEST_CASE("strict and lazy agree: 1 vCPU with overlapping misses") { check_shootdowns(1, 4, 20); }
TEST_CASE("strict and lazy agree: 2 vCPUs") { check_shootdowns(2, 1, 20); }
TEST_CASE("strict and lazy agree: 2 vCPUs with overlapping misses") { check_shootdowns(2, 4, 20); }
TEST_CASE("strict and lazy agree: 4 vCPUs") { check_shootdowns(4, 1, 30); }
TEST_CASE("strict and lazy agree: 4 vCPUs with overlapping misses") { check_shootdowns(4, 4, 30); }

TEST_CASE("strict and lazy agree on every architecture") {
  for (const NamedArchitecture& named : all_architectures()) {
    RandomRun run;
    run.on = named;
    run.vcpus = 2;
    run.max_outstanding = 3;
    run.unmaps = {25, UnmapInvalidation::address};
    run.accesses = 150;
    check_sync(run);
  }
}

// A vCPU that lives on private hits, one each cycle, may run ahead of others by the delivery
// latency, and not a cycle further: in the cycle of the message's arrival it must not have hit
// already.
TEST_CASE("strict and lazy agree when an invalidation meets hits") {
  constexpr std::size_t interval = 1200;
  const auto in_space = [](std::uint16_t space, std::uint64_t va, std::size_t times) {
    MemoryAccess access = read_of(va);
    access.space = space;
    return std::vector<MemoryAccess>(times, access);
  };
  // The sender unmaps after `interval` hits; the other faults twice, and hits when that is.
  const std::vector<MemoryAccess> sender = in_space(0, 0x10000000, interval + 1);
  std::vector<MemoryAccess> other = in_space(1, 0x10000000, 1);
  const std::vector<MemoryAccess> hits = in_space(1, 0x20000000, interval - 2);
  other.insert(other.end(), hits.begin(), hits.end());

  for (const bool sender_first : {true, false})
    for (Cycles delivery = 0; delivery < 12; ++delivery) {
      const auto record = [&](Sync sync) {
        return in_child([&] {
          MachineSpec spec = bare_machine();
          spec.l1d = tlb_of(4, 1);
          spec.shootdown_delivery_cycles = delivery;
          const auto arch = make_x86(PagingKind::four_level);
          Rig rig(spec, small_vm(), *arch);
          rig.add(sender_first ? sender : other);
          rig.add(sender_first ? other : sender);
          Translations translations;
          const TimedRun done = rig.run(sync, {interval, UnmapInvalidation::all}, &translations);
          std::size_t misses = 0;  // of the one that hits: two faults, and the walk that follows
          for (const AccessDone& access : rig.seen.accesses)
            misses += access.space == 1 && access.served != Served::l1_tlb;
          return std::to_string(misses) + text_of(rig.seen, translations, done);
        });
      };
      CAPTURE(delivery);
      const std::string lazy = record(Sync::lazy);
      CHECK(lazy.front() == '3');
      CHECK(first_difference(lazy, record(Sync::strict)) == "");
    }
}

TEST_CASE("the same seed gives the same bytes twice and another seed does not") {
  RandomRun run;
  run.vcpus = 4;
  run.max_outstanding = 4;
  run.unmaps = {20, UnmapInvalidation::space};
  const std::string once = recording(run, Sync::lazy);
  CHECK(once == recording(run, Sync::lazy));
  ++run.seed;
  CHECK(once != recording(run, Sync::lazy));
}
