// Events in, Results out: by hand, in any order, and against a plain recount of random events.
#include "common/probe/collectors/collectors.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "common/base/random.h"
#include "common/results/metrics.h"

using namespace nestwalk;

namespace {

AccessDone access(Served served, const Spans& spans, AccessType type = AccessType::read,
                  std::uint8_t page_lg2 = 12) {
  AccessDone event;
  event.served = served;
  event.type = type;
  event.page_lg2 = page_lg2;
  event.spans = spans;
  event.total_cycles = std::accumulate(spans.begin(), spans.end(), Cycles{0});
  event.translation_cycles = event.total_cycles - spans[index_of(Span::data)];
  return event;
}

AccessDone random_access(Random& random) {
  static constexpr std::array pages{12, 16, 21, 30};
  Spans spans{};
  spans[0] = random.below(20);
  spans[index_of(Span::data)] = random.below(300);
  const auto served = static_cast<Served>(random.below(served_count));
  if (served != Served::l1_tlb)
    for (std::size_t i = 1; i + 1 < span_count; ++i)
      spans[i] = random.below(1000) & random.bits64();
  AccessDone event = access(served, spans, static_cast<AccessType>(random.below(3)),
                            static_cast<std::uint8_t>(pages[random.below(4)]));
  event.vcpu = static_cast<std::uint16_t>(random.below(4));
  event.issued_cycle = random.below(1'000'000);
  return event;
}

Results collected(const std::vector<AccessDone>& events) {
  Collectors collectors;
  for (const AccessDone& event : events) static_cast<Observer&>(collectors).on(event);
  Results results;
  collectors.fill(results);
  return results;
}

Reference reference(int stage1, int stage2, RefServed served, Cycles cycles) {
  return {0, {static_cast<std::int8_t>(stage1), static_cast<std::int8_t>(stage2)}, served, cycles};
}

}  // namespace

TEST_CASE("no events give empty results") {
  Results filled;
  Collectors{}.fill(filled);
  CHECK(filled == Results{});
}

TEST_CASE("which TLB an access looked in, and whether it hit") {
  const Results r =
      collected({access(Served::l1_tlb, {1}), access(Served::l2_tlb, {8}),
                 access(Served::merged, {9, 0, 0, 0, 0, 50}), access(Served::walk, {9, 2, 40, 60}),
                 access(Served::fault, {9, 2, 40, 60, 0, 0, 20, 500}),
                 access(Served::walk, {9, 0, 10}, AccessType::write, 21),
                 access(Served::l1_tlb, {1}, AccessType::fetch),
                 access(Served::l2_tlb, {8}, AccessType::fetch, 21)});
  const TlbByPage l1d{{12, {1, 3, 1}}, {21, {0, 1, 0}}};
  const TlbByPage l1i{{12, {1, 0, 0}}, {21, {0, 1, 0}}};
  const TlbByPage l2{{12, {1, 2, 1}}, {21, {1, 1, 0}}};
  CHECK(r.tlbs[index_of(TlbName::l1d)] == l1d);
  CHECK(r.tlbs[index_of(TlbName::l1i)] == l1i);
  CHECK(r.tlbs[index_of(TlbName::l2)] == l2);
}

TEST_CASE("a merged access is a lookup and no second miss") {
  const Results r =
      collected({access(Served::walk, {9, 0, 100}), access(Served::merged, {9, 0, 0, 0, 0, 91})});
  for (const TlbName name : {TlbName::l1d, TlbName::l2}) {
    const TlbCounts counts = tlb_total(r.tlbs[index_of(name)]);
    CHECK(counts.lookups() == 2);
    CHECK(counts.misses == 1);
    CHECK(counts.merged == 1);
  }
}

TEST_CASE("an access that hits the L1 TLB but is stalled by an invalidation keeps its spans") {
  const Results r = collected({access(Served::l1_tlb, {1, 0, 0, 0, 0, 0, 0, 0, 0, 70, 4})});
  CHECK(r.span_cycles == Spans{1, 0, 0, 0, 0, 0, 0, 0, 0, 70, 4});
  CHECK(r.translation_latency[index_of(HowServed::l1_tlb)].sum() == 71);
  CHECK(r.hardware_translation.sum() == 1);
  CHECK(r.steady_access.sum() == 5);
}

TEST_CASE("hardware's part of a translation: without faults, their order and shootdowns") {
  AccessDone equal = access(Served::l1_tlb, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4});
  equal.count = 7;
  equal.type = AccessType::fetch;
  const Results r =
      collected({equal, access(Served::walk, {9, 2, 40, 60, 5, 0, 0, 0, 0, 0, 100}),
                 access(Served::fault, {9, 2, 40, 60, 5, 3, 1000, 2000, 3000, 500, 100})});
  Histogram hardware, steady;
  hardware.add(1, 7);
  hardware.add(116);
  hardware.add(119);
  steady.add(5, 7);
  steady.add(216);
  steady.add(219);
  CHECK(r.hardware_translation == hardware);
  CHECK(r.fetch_translation_cycles == 7);
  CHECK(r.steady_access == steady);
  CHECK(r.translation_latency[index_of(HowServed::fault)].sum() == 6619);
  CHECK(r.access_latency.count() == 9);
  CHECK(r.access_latency.max() == 6719);
}

TEST_CASE("vCPUs and simulated time: the last completion") {
  AccessDone early = access(Served::l1_tlb, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4});
  AccessDone late = early;
  late.vcpu = 2;
  late.issued_cycle = 100;
  const Results r = collected({late, early, early});
  REQUIRE(r.vcpus.size() == 3);
  CHECK(r.vcpus[0] == VcpuTotals{2, 5, {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}});
  CHECK(r.vcpus[1] == VcpuTotals{});
  CHECK(r.vcpus[2] == VcpuTotals{1, 105, early.spans});
  CHECK(r.simulated_cycles == 105);
}

TEST_CASE("random accesses: sums as a plain recount finds them, in any order") {
  Random random(7);
  std::vector<AccessDone> events;
  for (int i = 0; i < 5000; ++i) events.push_back(random_access(random));
  const Results r = collected(events);

  Spans spans{};
  std::array<std::uint64_t, served_count> served{};
  Cycles translation = 0, total = 0, longest = 0;
  for (const AccessDone& event : events) {
    for (std::size_t i = 0; i < span_count; ++i) spans[i] += event.spans[i];
    ++served[index_of(event.served)];
    translation += event.translation_cycles;
    total += event.total_cycles;
    longest = std::max(longest, event.total_cycles);
  }
  CHECK(r.span_cycles == spans);
  for (std::size_t i = 0; i < served_count; ++i)
    CHECK(r.translation_latency[i].count() == served[i]);
  CHECK(translation_overall(r).sum() == translation);
  CHECK(r.access_latency.sum() == total);
  CHECK(r.access_latency.max() == longest);
  CHECK(total_span_cycles(r) == total);
  Cycles software = 0;
  for (const Span span : {Span::in_order, Span::guest_fault, Span::host_fault, Span::invalidation})
    software += spans[index_of(span)];
  CHECK(r.hardware_translation.sum() == translation - software);
  CHECK(r.steady_access.sum() == total - software);
  CHECK(r.hardware_translation.count() == events.size());
  CHECK(r.steady_access.count() == events.size());
  const std::uint64_t looked_up = tlb_total(r.tlbs[0]).lookups() + tlb_total(r.tlbs[1]).lookups();
  CHECK(looked_up == events.size());
  CHECK(tlb_total(r.tlbs[2]).lookups() == events.size() - served[index_of(Served::l1_tlb)]);

  std::shuffle(events.begin(), events.end(), std::mt19937_64(3));
  CHECK(collected(events) == r);
}

TEST_CASE("references come in the order of a walk, with counts by what served them") {
  Collectors collectors;
  // Heights 1..0 over 1..0, emitted backwards: 8 references.
  for (int stage1 = -1; stage1 <= 1; ++stage1)
    for (int stage2 = -1; stage2 <= 1; ++stage2)
      if (stage1 >= 0 || stage2 >= 0)
        collectors.on(reference(stage1, stage2, RefServed::dram, 200));
  collectors.on(reference(0, 1, RefServed::stage2_tlb, 0));
  collectors.on(reference(0, 1, RefServed::l1d, 4));
  Results r;
  collectors.fill(r);
  std::vector<std::pair<int, int>> order;
  for (const ReferenceRow& row : r.references)
    order.emplace_back(row.stage1_height, row.stage2_height);
  CHECK(order == std::vector<std::pair<int, int>>{
                     {1, 1}, {1, 0}, {1, -1}, {0, 1}, {0, 0}, {0, -1}, {-1, 1}, {-1, 0}});
  CHECK(r.references[3] == ReferenceRow{0, 1, {1, 0, 0, 1, 0, 1}, 204});
  CHECK(*mean_read_cycles(r.references[3]) == 102.0);
}

TEST_CASE("walks: completed, faulted, discarded") {
  Collectors collectors;
  collectors.on(WalkDone{.entry_reads = 24, .page_lg2 = 12, .latency_cycles = 400});
  collectors.on(
      WalkDone{.discarded = true, .entry_reads = 4, .page_lg2 = 21, .latency_cycles = 60});
  collectors.on(WalkDone{.faulted = true, .entry_reads = 3, .latency_cycles = 50});
  Results r;
  collectors.fill(r);
  CHECK(walk_count(r) == 3);
  CHECK(walk_cycles(r) == 510);
  CHECK(r.walks.completed.latency.count() == 2);
  CHECK(r.walks.completed.entry_reads.max() == 24);
  CHECK(*r.walks.completed.entry_reads.mean() == 14.0);
  CHECK(r.walks.faulted.entry_reads.sum() == 3);
  CHECK(r.walks.discarded == 1);
  CHECK(r.walks.completed_by_page == CountByPage{{12, 1}, {21, 1}});
}

TEST_CASE("faults by side and page size, shootdowns") {
  Collectors collectors;
  collectors.on(FaultHandled{.side = Side::guest, .page_lg2 = 21, .latency_cycles = 2000});
  collectors.on(FaultHandled{.side = Side::host, .page_lg2 = 12, .latency_cycles = 700});
  collectors.on(FaultHandled{.side = Side::host, .page_lg2 = 12, .latency_cycles = 900});
  collectors.on(FaultHandled{
      .side = Side::guest, .page_lg2 = 12, .latency_cycles = 1500, .host_cycles = 1000});
  collectors.on(FaultHandled{.side = Side::guest,
                             .spurious = true,
                             .page_lg2 = 12,
                             .latency_cycles = 400,
                             .host_cycles = 300});
  collectors.on(ShootdownDone{.targets = 3, .latency_cycles = 4000});
  Results r;
  collectors.fill(r);
  const Faults& guest = r.faults[index_of(MemorySide::guest)];
  CHECK(guest.by_page == CountByPage{{12, 1}, {21, 1}});
  CHECK(guest.latency.sum() == 3500);
  CHECK(guest.host_cycles == 1000);
  CHECK(guest.spurious.count() == 1);
  CHECK(guest.spurious.max() == 400);
  CHECK(guest.spurious_host_cycles == 300);
  CHECK(r.faults[index_of(MemorySide::host)].by_page == CountByPage{{12, 2}});
  CHECK(r.faults[index_of(MemorySide::host)].latency.sum() == 1600);
  CHECK(r.shootdowns.targets == 3);
  CHECK(r.shootdowns.latency.max() == 4000);
}
