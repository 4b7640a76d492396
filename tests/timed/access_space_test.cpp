// Every legal point of the access space of x86 (specification 6.1 and 6.2) through the timed
// machine: TLBs, walk caches, walkers, caches and DRAM, natively, under EPT and under NPT.
#include <doctest/doctest.h>

#include "access_space_guest.h"
#include "child.h"
#include "random_run.h"

using namespace nestwalk;
using namespace nestwalk::test;
using x86::test::SpaceSpec;

namespace {

// Two levels of TLBs, and everything that a walk can meet; small, as one page is accessed.
MachineSpec small_machine() {
  MachineSpec spec;
  spec.l1d = {{{{12, 21}, {8, 4, Replacement::lru}}}, 1, 1};
  spec.l1i = {{{{12}, {4, 0, Replacement::lru}}, {{21}, {2, 0, Replacement::lru}}}, 1, 0};
  spec.l2 = {{{{12, 21}, {16, 4, Replacement::lru}}}, 6, 1};
  for (std::uint8_t height = 0; height < 3; ++height) {
    spec.walk_caches.stage1.push_back(walk_cache_of(height, 2));
    spec.walk_caches.stage2.push_back(walk_cache_of(height, 2));
  }
  spec.walk_caches.stage2_tlb = {8, 4, Replacement::lru};
  spec.walkers = 2;
  spec.l1d_cache = scarce_cache(4096, 4);
  spec.l2_cache = scarce_cache(8192, 11);
  spec.llc = scarce_cache(16384, 30);
  spec.dram = scarce_dram();
  return spec;
}

struct HostSpec {
  PagingKind guest = PagingKind::four_level;
  Paging host = Paging::none;
};

std::unique_ptr<Architecture> make_architecture(const HostSpec& host, unsigned maxphyaddr) {
  x86::TranslationSpec spec;
  spec.cpu.maxphyaddr = static_cast<std::uint8_t>(maxphyaddr);
  spec.guest = host.guest;
  spec.host = host.host;
  spec.pcid = spec.smep = spec.smap = false;
  return std::make_unique<x86::X86Architecture>(spec);
}

void check_guest(const SpaceGuest& guest) {
  const SpaceCounts& counts = guest.counts();
  for (const std::string& complaint : guest.complaints()) MESSAGE(complaint);
  CHECK(counts.wrong == 0);
  CHECK(counts.faults > 0);
  CHECK(counts.accesses > counts.points);
  // The TLBs were there, and served what they should.
  CHECK(counts.l1_hits == counts.expected_l1_hits);
  CHECK(counts.l2_hits == counts.expected_l2_hits);
  CHECK(counts.l1_hits > counts.points / 50);
  CHECK(counts.l2_hits > counts.points / 200);
  MESSAGE(counts.points, " points, ", counts.accesses, " accesses, ", counts.faults,
          " faults; TLB hits: ", counts.l1_hits, " L1, ", counts.l2_hits, " L2");
}

// Checks the whole space; returns its size.
std::uint64_t check(const SpaceSpec& space, const HostSpec& host, bool late_registers = false) {
  const auto arch = make_architecture(host, space.maxphyaddr);
  VirtualMachine vm(small_vm(), *arch);
  SpaceGuests guests(vm);
  guests.add({space, late_registers});
  CHECK(guests.run(small_machine(), Sync::lazy).completed);
  const SpaceGuest& guest = guests.guest(0);
  check_guest(guest);
  CHECK((guest.counts().backed_by_host > 0) == (host.host != Paging::none));
  return guest.counts().points;
}

}  // namespace

// The sizes are those of the specification's U-3, twice with SMEP.
TEST_CASE("U-1 to U-15: the access space, native, SMEP and protection keys") {
  CHECK(check({52, true, true}, {}) == 2 * 9'338'880);
}

TEST_CASE("U-1 to U-15: the access space, native, all reserved bits usable") {
  CHECK(check({36, false, true}, {}) == 2 * 2'899'968);
}

TEST_CASE("U-1 to U-15: the access space, registers written between two accesses") {
  CHECK(check({52, true, false}, {}, true) == 9'338'880);
}

TEST_CASE("U-22: the access space, 5-level guest") {
  CHECK(check({52, false, true}, {PagingKind::five_level}) == 2 * 933'888);
}

TEST_CASE("U-22: the access space under EPT") {
  CHECK(check({46, false, true}, {PagingKind::four_level, Paging::ept}) == 2 * 1'916'928);
}

TEST_CASE("U-22: the access space under NPT, protection keys") {
  CHECK(check({52, true, false}, {PagingKind::four_level, Paging::npt}) == 9'338'880);
}

// Two guests at once, that share the last-level cache, DRAM and the host.
TEST_CASE("the access space takes the same cycles in lazy and strict synchronisation") {
  for (const auto& [host, max_outstanding] :
       {std::pair{Paging::none, 1u}, std::pair{Paging::ept, 4u}}) {
    const auto run = [host = host, max_outstanding = max_outstanding](Sync sync) {
      return in_child([=] {
        const auto arch = make_architecture({PagingKind::four_level, host}, 46);
        VirtualMachine vm(small_vm(), *arch);
        SpaceGuests guests(vm);
        guests.add({{46, false, true}, false, 20'000});
        guests.add({{46, true, false}, true, 30'000});
        MachineSpec machine = small_machine();
        machine.max_outstanding = max_outstanding;
        const TimedRun done = guests.run(machine, sync);
        const std::uint64_t wrong = guests.guest(0).counts().wrong + guests.guest(1).counts().wrong;
        return fmt::format("{} wrong, {} cycles, {} points, times {:#x}", wrong, done.cycles,
                           guests.guest(0).counts().points + guests.guest(1).counts().points,
                           guests.times());
      });
    };
    const std::string lazy = run(Sync::lazy);
    CHECK(lazy.starts_with("0 wrong"));
    CHECK(lazy.find(" 50000 points") != std::string::npos);
    CHECK(lazy == run(Sync::strict));
  }
}
