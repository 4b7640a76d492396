// The time that TLBs, walk caches and the stage-2 TLB take, by hand on tiny machines: no caches,
// every entry read is a DRAM access of 100 cycles. Pages are first touched, which faults; the
// accesses that count come after.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using enum PagingKind;

namespace {

constexpr std::uint64_t page_a = 0x10000000, page_b = 0x10001000;

// Two page sizes: the pool has one page of 2 MiB, which the first fault takes.
constexpr std::uint64_t in_large = 0x10000000, in_small = 0x20000000;
VirtualMachineSpec one_large_page() {
  VirtualMachineSpec spec = small_vm();
  spec.guest.policy = huge_pages(PolicyKind::hugetlb, 21, 2 * MiB);
  return spec;
}

// L1 TLB 3 cycles, L2 TLB 7, L1D 4, memory 100.
MachineSpec with_l1d(L1dIndex index) {
  MachineSpec spec = bare_machine();
  spec.l1d = spec.l1i = tlb_of(1, 3);
  spec.l2 = tlb_of(4, 7);
  spec.l1d_cache = cache_of(64, 4);
  spec.walker_entry = WalkerEntry::llc;
  spec.l1d_index = index;
  spec.data_accesses = true;
  return spec;
}

// A line in L1D by an L1 TLB hit, another page, the first by an L2 TLB hit, another line of it;
// each as "TLB + data", of which the TLB's is also what the access counts as its translation.
std::string tlb_and_data(const MachineSpec& spec, AccessKind kind = AccessKind::read) {
  return in_child([&] {
    const auto arch = make_x86(four_level);
    Rig rig(spec, small_vm(), *arch);
    std::vector<MemoryAccess> list;
    for (const std::uint64_t va : {page_a, page_a, page_b, page_a, page_a + 64})
      list.push_back(read_of(va)), list.back().kind = kind;
    rig.add(std::move(list));
    rig.run();
    std::string text;
    for (const std::size_t i : {1, 3, 4}) {
      const AccessDone& done = rig.seen.accesses.at(i);
      CHECK(done.translation_cycles == span_of(done, Span::tlb));
      text += fmt::format("{}+{} ", span_of(done, Span::tlb), span_of(done, Span::data));
    }
    return text;
  });
}

}  // namespace

TEST_CASE("an L1D indexed by virtual address hides the L1 TLB's lookup, and nothing of the L2's") {
  CHECK(tlb_and_data(with_l1d(L1dIndex::virtual_address)) == "0+4 7+4 0+104 ");
  CHECK(tlb_and_data(with_l1d(L1dIndex::physical_address)) == "3+4 10+4 3+104 ");
  MachineSpec overlapping = with_l1d(L1dIndex::virtual_address);
  overlapping.max_outstanding = 4;
  overlapping.issue_interval_cycles = 10000;  // one at a time, by carriers
  CHECK(tlb_and_data(overlapping) == "0+4 7+4 0+104 ");
}

TEST_CASE("an L1 TLB slower than L1D shows by what it is slower") {
  MachineSpec spec = with_l1d(L1dIndex::virtual_address);
  spec.l1d.latency_cycles = 6;
  CHECK(tlb_and_data(spec) == "2+4 9+4 2+104 ");
}

TEST_CASE("nothing hides a TLB lookup where no L1D is looked up") {
  MachineSpec spec = with_l1d(L1dIndex::virtual_address);
  CHECK(tlb_and_data(spec, AccessKind::fetch) == "3+0 10+0 3+0 ");
  spec.l1d_cache.bytes = 0;
  CHECK(tlb_and_data(spec) == "3+100 10+100 3+100 ");
  spec = with_l1d(L1dIndex::virtual_address);
  spec.data_accesses = false;
  CHECK(tlb_and_data(spec) == "3+0 10+0 3+0 ");
}

TEST_CASE("an L1 TLB hit takes the L1 latency") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(4, 3);
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a + 8)});
  rig.run();
  const AccessDone& hit = rig.seen.accesses.at(1);
  CHECK(hit.served == Served::l1_tlb);
  CHECK(hit.total_cycles == 3);
  CHECK(span_of(hit, Span::tlb) == 3);
  CHECK(hit.walks == 0);
}

TEST_CASE("an L2 TLB hit takes both latencies and fills L1") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(1, 1);
  spec.l2 = tlb_of(4, 7);
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_b), read_of(page_a), read_of(page_a)});
  rig.run();
  const AccessDone& l2 = rig.seen.accesses.at(2);
  CHECK(l2.served == Served::l2_tlb);
  CHECK(l2.total_cycles == 8);
  CHECK(span_of(l2, Span::tlb) == 8);
  CHECK(l2.entry_reads == 0);
  CHECK(rig.seen.accesses.at(3).served == Served::l1_tlb);
  CHECK(rig.seen.accesses.at(3).total_cycles == 1);
}

TEST_CASE("a miss pays for both TLBs before it walks") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(1, 2);
  spec.l2 = tlb_of(1, 7);
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_b), read_of(page_a)});
  rig.run();
  const AccessDone& miss = rig.seen.accesses.at(2);
  CHECK(miss.served == Served::walk);
  CHECK(miss.total_cycles == 2 + 7 + 400);
  CHECK(span_of(miss, Span::tlb) == 9);
  CHECK(span_of(miss, Span::stage1_reads) == 400);
}

TEST_CASE("instruction fetches have an L1 TLB of their own") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(4, 1);
  spec.l1i = tlb_of(4, 2);
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  MemoryAccess fetch = read_of(page_a);
  fetch.kind = AccessKind::fetch;
  rig.add({read_of(page_a), fetch, fetch, read_of(page_a)});
  rig.run();
  CHECK(rig.seen.accesses.at(1).served == Served::walk);
  CHECK(rig.seen.accesses.at(1).total_cycles == 2 + 400);
  CHECK(rig.seen.accesses.at(2).total_cycles == 2);
  CHECK(rig.seen.accesses.at(3).total_cycles == 1);
}

TEST_CASE("each further page size that an L1 TLB probes takes time") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(4, 1, {12, 21});
  spec.l1d.extra_size_cycles = 5;
  const auto arch = make_x86(four_level);
  Rig rig(spec, one_large_page(), *arch);
  rig.add({read_of(in_large), read_of(in_small), read_of(in_large), read_of(in_small)});
  rig.run();
  CHECK(rig.seen.accesses.at(2).page_lg2 == 21);
  CHECK(rig.seen.accesses.at(2).total_cycles == 1 + 5);
  CHECK(rig.seen.accesses.at(3).page_lg2 == 12);
  CHECK(rig.seen.accesses.at(3).total_cycles == 1);
}

TEST_CASE("a further probe in L1 is paid for when the data misses the caches too") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(4, 1, {12, 21});
  spec.l1d.extra_size_cycles = 5;
  spec.data_accesses = true;
  const auto arch = make_x86(four_level);
  Rig rig(spec, one_large_page(), *arch);
  rig.add({read_of(in_large), read_of(in_small), read_of(in_large)});
  rig.run();
  const AccessDone& hit = rig.seen.accesses.at(2);
  CHECK(hit.served == Served::l1_tlb);
  CHECK(span_of(hit, Span::tlb) == 1 + 5);
  CHECK(span_of(hit, Span::data) == 100);
  CHECK(hit.translation_cycles == 6);
  CHECK(hit.total_cycles == 106);
}

TEST_CASE("each further page size that an L2 TLB probes takes time") {
  MachineSpec spec = bare_machine();
  spec.l2 = tlb_of(4, 7, {12, 21});
  spec.l2.extra_size_cycles = 5;
  const auto arch = make_x86(four_level);
  Rig rig(spec, one_large_page(), *arch);
  rig.add({read_of(in_large), read_of(in_small), read_of(in_large), read_of(in_small)});
  rig.run();
  CHECK(rig.seen.accesses.at(2).total_cycles == 7 + 5);
  CHECK(rig.seen.accesses.at(3).total_cycles == 7);
}

TEST_CASE("arrays of one TLB are probed at the same time") {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(4, 1, {12});
  spec.l1d.arrays.push_back({{21}, {4, 0, Replacement::lru}});
  spec.l1d.extra_size_cycles = 5;
  const auto arch = make_x86(four_level);
  Rig rig(spec, one_large_page(), *arch);
  rig.add({read_of(in_large), read_of(in_small), read_of(in_large), read_of(in_small)});
  rig.run();
  CHECK(rig.seen.accesses.at(2).total_cycles == 1);
  CHECK(rig.seen.accesses.at(3).total_cycles == 1);
}

TEST_CASE("A-62: a walk below a cached PDE reads one entry and pays for the lookup") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage1 = {walk_cache_of(0, 4)};
  spec.walk_cache_latency_cycles = 2;
  const auto arch = make_x86(four_level);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_b), read_of(page_a)});
  rig.run();
  const AccessDone& walk = rig.seen.accesses.at(2);
  CHECK(walk.served == Served::walk);
  CHECK(walk.entry_reads == 1);
  CHECK(span_of(walk, Span::walk_cache) == 2);
  CHECK(span_of(walk, Span::stage1_reads) == 100);
  CHECK(walk.total_cycles == 102);
  CHECK(rig.seen.walks.back().latency_cycles == 102);
}

TEST_CASE("A-62: cached upper levels leave L(h+1) reads of a two-stage walk") {
  for (std::uint8_t height = 0; height < 3; ++height) {
    MachineSpec spec = bare_machine();
    spec.walk_caches.stage1 = {walk_cache_of(height, 4)};
    spec.walk_cache_latency_cycles = 3;
    const auto arch = make_x86(four_level, Paging::ept);
    CAPTURE(height);
    const unsigned left = height + 1u;
    CHECK(in_child([&] {
            Rig rig(spec, small_vm(), *arch);
            rig.add({read_of(page_a), read_of(page_a)});
            rig.run();
            const AccessDone& walk = rig.seen.accesses.at(1);
            return std::to_string(walk.entry_reads) + " in " + std::to_string(walk.total_cycles);
          }) == std::to_string(left * 5) + " in " + std::to_string(left * 500 + 3));
  }
}

TEST_CASE("a walk cache without physical addresses leaves the table's own stage-2 walk") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage1 = {walk_cache_of(0, 4)};
  spec.walk_caches.stage1_holds_physical = false;
  spec.walk_cache_latency_cycles = 3;
  const auto arch = make_x86(four_level, Paging::npt);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a)});
  rig.run();
  // Stage 2 for the table (4), its entry (1), stage 2 for the page (4).
  CHECK(rig.seen.accesses.at(1).entry_reads == 9);
  CHECK(rig.seen.accesses.at(1).total_cycles == 903);
}

TEST_CASE("A-61: with all of stage 2 in the stage-2 TLB a walk reads the guest's entries alone") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage2_tlb = {16, 0, Replacement::lru};
  spec.stage2_tlb_latency_cycles = 5;
  const auto arch = make_x86(four_level, Paging::ept);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a)});
  rig.run();
  const AccessDone& walk = rig.seen.accesses.at(1);
  CHECK(walk.entry_reads == 4);
  // Four tables and the page itself are looked up.
  CHECK(span_of(walk, Span::walk_cache) == 5 * 5);
  CHECK(span_of(walk, Span::stage1_reads) == 400);
  CHECK(span_of(walk, Span::stage2_reads) == 0);
  CHECK(walk.total_cycles == 425);
}

TEST_CASE("a stage-2 walk cache spares upper entries of every stage-2 walk") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage2 = {walk_cache_of(0, 8)};
  spec.walk_cache_latency_cycles = 2;
  const auto arch = make_x86(four_level, Paging::ept);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a)});
  rig.run();
  // Five stage-2 walks of one read each, four stage-1 entries.
  CHECK(rig.seen.accesses.at(1).entry_reads == 9);
  CHECK(rig.seen.accesses.at(1).total_cycles == 9 * 100 + 5 * 2);
}

TEST_CASE("a TLB of stage 1 alone leaves the final address's stage-2 walk: arm64, spec 1.9.1") {
  MachineSpec spec = bare_machine();
  spec.walk_caches.stage1_tlb = {{{12, 21}, {8, 0, Replacement::lru}}};
  spec.stage1_tlb_latency_cycles = 6;
  const auto arch = make_arm64(true, 40);
  Rig rig(spec, small_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a)});
  rig.run();
  const AccessDone& walk = rig.seen.accesses.at(1);
  CHECK(walk.entry_reads == 3);
  CHECK(span_of(walk, Span::walk_cache) == 6);
  CHECK(span_of(walk, Span::stage1_reads) == 0);
  CHECK(span_of(walk, Span::stage2_reads) == 300);
  CHECK(walk.total_cycles == 306);
}
