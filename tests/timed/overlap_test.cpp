// Accesses that overlap: merging of misses to one page, the queue for a walker, the limit of
// outstanding accesses, dependence. By hand: no caches, DRAM 100 cycles for each of a bank's
// accesses, four levels, no TLB unless said. Pages are touched first, one after another.
#include <doctest/doctest.h>

#include <algorithm>

#include "architectures.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page_a = 0x10000000, page_b = 0x10001000, page_c = 0x10002000;

MachineSpec overlapping(std::uint32_t max_outstanding, std::uint32_t walkers) {
  MachineSpec spec = bare_machine();
  spec.max_outstanding = max_outstanding;
  spec.walkers = walkers;
  return spec;
}

// Touches A, B and C, and then makes `list`, whose first access waits for what came before.
struct OverlapRun {
  OverlapRun(const MachineSpec& spec, std::vector<MemoryAccess> list)
      : arch(make_x86(PagingKind::four_level)), rig(spec, small_vm(), *arch) {
    std::vector<MemoryAccess> all = {read_of(page_a), read_of(page_b, true), read_of(page_c, true)};
    list.front().dependent = true;
    all.insert(all.end(), list.begin(), list.end());
    rig.add(std::move(all));
    rig.run();
    std::stable_sort(rig.seen.accesses.begin(), rig.seen.accesses.end(),
                     [](const auto& a, const auto& b) { return a.issued_cycle < b.issued_cycle; });
    begun = done(0).issued_cycle;
  }
  const AccessDone& done(std::size_t index) const { return rig.seen.accesses.at(3 + index); }
  Cycles issued(std::size_t index) const { return done(index).issued_cycle - begun; }
  Cycles ended(std::size_t index) const { return issued(index) + done(index).total_cycles; }
  // Walks that ended after the pages were touched.
  std::size_t walks() const {
    std::size_t faulted = 0;
    for (const WalkDone& walk : rig.seen.walks) faulted += walk.faulted;
    return rig.seen.walks.size() - faulted - 3;
  }

  std::unique_ptr<Architecture> arch;
  Rig rig;
  Cycles begun = 0;
};

}  // namespace

TEST_CASE("misses to one page merge: one walk and the other waits until it ends") {
  OverlapRun run(overlapping(2, 4), {read_of(page_a), read_of(page_a + 64)});
  CHECK(run.done(0).served == Served::walk);
  CHECK(run.ended(0) == 400);
  CHECK(run.issued(1) == 1);
  CHECK(run.done(1).served == Served::merged);
  CHECK(run.ended(1) == 400);
  CHECK(span_of(run.done(1), Span::merged) == 399);
  CHECK(span_of(run.done(1), Span::merged) == run.done(1).total_cycles);
  CHECK(run.done(1).walks == 0);
  CHECK(run.done(1).entry_reads == 0);
  CHECK(run.walks() == 1);
}

TEST_CASE("many misses to one page make one walk and need one walker") {
  std::vector<MemoryAccess> list;
  for (unsigned i = 0; i < 8; ++i) list.push_back(read_of(page_b + 8 * i));
  OverlapRun run(overlapping(8, 1), list);
  CHECK(run.walks() == 1);
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(run.issued(i) == i);
    CHECK(run.ended(i) == 400);
    CHECK(span_of(run.done(i), Span::walker_queue) == 0);
  }
}

TEST_CASE("a merged access gets its TLB entry: the next one hits") {
  MachineSpec spec = overlapping(2, 1);
  spec.l1d = tlb_of(1, 1);
  OverlapRun run(spec, {read_of(page_a), read_of(page_a + 64), read_of(page_a + 128, true)});
  CHECK(run.done(1).served == Served::merged);
  CHECK(run.done(2).served == Served::l1_tlb);
  CHECK(run.done(2).total_cycles == 1);
}

TEST_CASE("with one walker the second miss waits exactly for the first's walk") {
  OverlapRun run(overlapping(2, 1), {read_of(page_a), read_of(page_b)});
  CHECK(run.ended(0) == 400);
  CHECK(span_of(run.done(0), Span::walker_queue) == 0);
  CHECK(run.issued(1) == 1);
  CHECK(span_of(run.done(1), Span::walker_queue) == 399);
  CHECK(span_of(run.done(1), Span::stage1_reads) == 400);
  CHECK(run.ended(1) == 800);
}

TEST_CASE("walkers are granted in order of arrival") {
  OverlapRun run(overlapping(3, 1), {read_of(page_c), read_of(page_a), read_of(page_b)});
  CHECK(run.ended(0) == 400);
  CHECK(run.ended(1) == 800);
  CHECK(run.ended(2) == 1200);
}

TEST_CASE("with two walkers nobody waits for one") {
  OverlapRun run(overlapping(2, 2), {read_of(page_a), read_of(page_b)});
  CHECK(run.ended(0) == 400);
  CHECK(span_of(run.done(1), Span::walker_queue) == 0);
  CHECK(run.ended(1) == 401);
}

TEST_CASE("table entries queue for DRAM's data bus: walks overlap but for that") {
  constexpr std::uint64_t far = 0x3f00'0000'0000;  // shares the root with A
  MachineSpec spec = overlapping(2, 2);
  spec.dram.burst_cycles = 30;
  OverlapRun run(spec, {read_of(far), read_of(page_a, true), read_of(far)});
  CHECK(run.ended(1) - run.issued(1) == 4 * 130);
  CHECK(run.issued(2) == run.issued(1) + 1);
  // Waits 29 cycles for the first burst of the other walk, and is then behind it.
  CHECK(run.done(2).total_cycles == 29 + 4 * 130);
}

TEST_CASE("issue interval") {
  MachineSpec spec = overlapping(1, 1);
  spec.l1d = tlb_of(4, 1);
  spec.issue_interval_cycles = 3;
  OverlapRun run(spec, {read_of(page_a), read_of(page_a), read_of(page_b), read_of(page_a)});
  for (std::size_t i = 0; i < 4; ++i) CHECK(run.issued(i) == 3 * i);
}

TEST_CASE("an access issues only when fewer than max_outstanding are in flight") {
  OverlapRun run(overlapping(2, 4), {read_of(page_a), read_of(page_b), read_of(page_c)});
  CHECK(run.ended(0) == 400);
  CHECK(run.issued(1) == 1);
  CHECK(run.issued(2) == 400);  // when the first is done
}

TEST_CASE("with one outstanding access each waits for the one before") {
  OverlapRun run(overlapping(1, 4), {read_of(page_a), read_of(page_b), read_of(page_c)});
  CHECK(run.issued(1) == 400);
  CHECK(run.issued(2) == 800);
  CHECK(run.ended(2) == 1200);
}

TEST_CASE("hits go on while misses are outstanding") {
  MachineSpec spec = overlapping(2, 1);
  spec.l1d = tlb_of(1, 1);
  OverlapRun run(spec, {read_of(page_a), read_of(page_b, true), read_of(page_a), read_of(page_a)});
  CHECK(run.done(1).served == Served::walk);
  // B's walk replaces A in the TLB only when it ends.
  for (std::size_t i = 2; i < 4; ++i) {
    CHECK(run.issued(i) == run.issued(i - 1) + 1);
    CHECK(run.done(i).served == Served::l1_tlb);
  }
}

TEST_CASE("a dependent access waits until the one before has its data") {
  MachineSpec spec = overlapping(4, 4);
  spec.data_accesses = true;
  OverlapRun run(spec, {read_of(page_a), read_of(page_b, true), read_of(page_c)});
  CHECK(run.ended(0) == 500);
  CHECK(run.issued(1) == 500);
  CHECK(run.issued(2) == 501);
}

TEST_CASE("a dependent access waits for a hit's latency") {
  MachineSpec spec = overlapping(4, 4);
  spec.l1d = tlb_of(4, 6);
  OverlapRun run(spec, {read_of(page_a), read_of(page_b), read_of(page_a, true)});
  CHECK(run.issued(1) == 1);
  CHECK(run.issued(2) == 1 + 6);
}
