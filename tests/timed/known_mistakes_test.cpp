// Mistakes known from other simulators, one test each. The second concatenated start table out of
// reach is tested with the Arm tables; the others here.
#include <doctest/doctest.h>

#include <algorithm>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using enum PagingKind;

namespace {

constexpr std::uint64_t page_a = 0x10000000;

VirtualMachineSpec huge_vm(bool guest, bool host) {
  VirtualMachineSpec spec = small_vm();
  if (guest) spec.guest.policy = huge_pages(PolicyKind::hugetlb, 21, 16 * MiB);
  if (host) spec.host.policy = huge_pages(PolicyKind::hugetlb, 21, 64 * MiB);
  return spec;
}

// "lg2 size of the entry, how accesses after the first were served".
std::string served_by(const VirtualMachineSpec& vm, std::initializer_list<std::uint64_t> vas) {
  return in_child([&] {
    MachineSpec spec = bare_machine();
    spec.l1d = tlb_of(4, 1);
    const auto arch = make_x86(four_level, Paging::ept);
    Rig rig(spec, vm, *arch);
    std::vector<MemoryAccess> list;
    for (const std::uint64_t va : vas) list.push_back(read_of(va));
    rig.add(list);
    rig.run();
    std::string text = std::to_string(rig.seen.accesses.at(0).page_lg2);
    for (std::size_t i = 1; i < list.size(); ++i)
      text += rig.seen.accesses.at(i).served == Served::l1_tlb ? " hit" : " miss";
    return text;
  });
}

}  // namespace

TEST_CASE("known mistake: walk-cache and TLB-hit latency left out of the total") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(1, 2);
  spec.l2 = tlb_of(1, 9);
  spec.walk_caches.stage1 = {walk_cache_of(0, 4)};
  spec.walk_caches.stage2 = {walk_cache_of(0, 8)};
  spec.walk_caches.stage2_tlb = {8, 0, Replacement::lru};
  spec.walk_cache_latency_cycles = 3;
  spec.stage2_tlb_latency_cycles = 4;
  const auto arch = make_x86(four_level, Paging::ept);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a + 4096), read_of(page_a), read_of(page_a)});
  rig.run();
  // Both TLBs miss; the PDE is cached; its table's entry is read; the stage-2 TLB has the page.
  CHECK(rig.seen.accesses.at(2).total_cycles == 2 + 9 + 3 + 100 + 4);
  CHECK(rig.seen.accesses.at(3).total_cycles == 2);
}

TEST_CASE("known mistake: a walker limit that never delays") {
  const auto last_end = [](std::uint32_t walkers) {
    return std::stoul(in_child([&] {
      MachineSpec spec = bare_machine();
      spec.max_outstanding = 8;
      spec.walkers = walkers;
      const auto arch = make_x86(four_level);
      Rig rig(spec, small_vm(), *arch);
      std::vector<MemoryAccess> list;
      for (unsigned lap = 0; lap < 2; ++lap)
        for (std::uint64_t i = 0; i < 8; ++i)
          list.push_back(read_of(page_a + (i << 21), lap == 0 || i == 0));
      rig.add(list);
      return std::to_string(rig.run().cycles);
    }));
  };
  const Cycles one = last_end(1), two = last_end(2), eight = last_end(8);
  CHECK(one - two == 4 * 400 - 1);  // 8 walks in a row; 4 pairs, the second of each a cycle behind
  CHECK(two > eight);
}

TEST_CASE("known mistake: a combined entry is always 4 KiB") {
  // Two stages of 2M: one entry serves all of it.
  CHECK(served_by(huge_vm(true, true), {page_a, page_a + 0x1000, page_a + 0x1ff000}) ==
        "21 hit hit");
  // The smaller of the two sizes counts.
  CHECK(served_by(huge_vm(true, false), {page_a, page_a + 0xff8, page_a + 0x1000}) ==
        "12 hit miss");
  CHECK(served_by(huge_vm(false, true), {page_a, page_a + 0xff8, page_a + 0x1000}) ==
        "12 hit miss");
  CHECK(served_by(huge_vm(false, false), {page_a, page_a + 0xff8, page_a + 0x1000}) ==
        "12 hit miss");
}

TEST_CASE("known mistake: the stage-2 TLB is probed with the guest's virtual address") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage2_tlb = {64, 0, Replacement::lru};
  spec.stage2_tlb_latency_cycles = 0;
  const auto arch = make_x86(four_level, Paging::ept);
  Rig rig(spec, huge_vm(false, true), *arch);
  // Far apart and in two address spaces: no two virtual addresses share anything, but all tables
  // and pages lie in one intermediate block of 2 MiB.
  MemoryAccess other = read_of(0x3f00'0000'0000);
  other.space = 1;
  MemoryAccess third = read_of(0x1234'5678'9000);
  rig.add({read_of(page_a), other, third, read_of(page_a), other, third});
  rig.run();
  unsigned stage2_reads = 0;
  for (const Reference& reference : rig.seen.references)
    if (reference.position.stage2_height != RefPosition::none)
      stage2_reads += reference.served == RefServed::dram;
  CHECK(stage2_reads == 3);  // of the very first walk: three levels down to the block
  for (std::size_t i = 3; i < 6; ++i) CHECK(rig.seen.accesses.at(i).entry_reads == 4);
}

TEST_CASE("known mistake: the final host walk is never cached") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage2_tlb = {64, 0, Replacement::lru};
  spec.stage2_tlb_latency_cycles = 0;
  const auto arch = make_x86(four_level, Paging::npt);
  Rig rig(spec, huge_vm(true, true), *arch);
  // Two pages of 2M of the guest in host blocks of 2M; the second page's own walks end in a block
  // that its fault has not cached. Its second half finds the final translation cached.
  rig.add({read_of(page_a), read_of(page_a), read_of(page_a + 0x100000)});
  rig.run();
  const AccessDone& done = rig.seen.accesses.at(2);
  CHECK(done.entry_reads == 3);
  CHECK(span_of(done, Span::stage2_reads) == 0);
  const auto final_reads = std::count_if(
      rig.seen.references.begin(), rig.seen.references.end(), [](const Reference& reference) {
        return reference.position.stage1_height == RefPosition::none &&
               reference.served == RefServed::stage2_tlb;
      });
  CHECK(final_reads == 2 * 3);  // three levels spared, in the second and the third access
}

TEST_CASE("known mistake: a miss is counted twice when it waits for another") {
  MachineSpec spec = bare_machine();
  spec.max_outstanding = 4;
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a, true), read_of(page_a + 8), read_of(page_a + 16)});
  rig.run();
  REQUIRE(rig.seen.accesses.size() == 4);
  CHECK(rig.seen.walks.size() == 3);  // one that faulted, its retry, one for the other three
  unsigned walks = 0, merged = 0, reads = 0;
  for (const AccessDone& done : rig.seen.accesses) {
    walks += done.walks;
    reads += done.entry_reads;
    merged += done.served == Served::merged;
  }
  CHECK(walks == 3);
  CHECK(merged == 2);
  CHECK(reads == 1 + 4 + 4);
  CHECK(reads == rig.seen.references.size());
}

TEST_CASE("known mistake: a crash with one stage off") {
  for (const Paging host : {Paging::none, Paging::ept, Paging::npt})
    for (const PagingKind guest : {off, two_level, pae, four_level, five_level}) {
      if (guest == off && host == Paging::none) continue;
      CAPTURE(static_cast<int>(host));
      CAPTURE(static_cast<int>(guest));
      CHECK(in_child([&] {
              MachineSpec spec = bare_machine();
              spec.l1d = tlb_of(4, 1);
              spec.walk_caches.stage2_tlb = {4, 0, Replacement::lru};
              const auto arch = make_x86(guest, host);
              Rig rig(spec, small_vm(), *arch);
              MemoryAccess other = read_of(0x200000);
              other.space = 1;
              rig.add({read_of(0x200000), other, read_of(0x200000)});
              rig.add({other, read_of(0x300000)});
              rig.run();
              return std::to_string(rig.seen.accesses.size());
            }) == "5");
    }
}

TEST_CASE("known mistake: aborting because progress is slow") {
  for (const Sync sync : {Sync::lazy, Sync::strict})
    CHECK(in_child([&] {
            MachineSpec spec = bare_machine();
            spec.frequency_mhz = 1;
            spec.dram = flat_dram(1'000'000'000);
            const auto arch = make_x86(four_level, Paging::ept);
            Rig rig(spec, small_vm(), *arch);
            rig.add({read_of(page_a), read_of(page_a)});
            rig.add({read_of(page_a)});  // idle from then on
            rig.run(sync);
            return std::to_string(rig.seen.accesses.back().total_cycles);
          }) == "24000000000");
}
