// Results names its categories itself, because it may not know the probe. Here it is proved that an
// event's enum and the category of the same meaning have the same number.
#pragma once
#include "common/probe/events.h"
#include "common/results/categories.h"
#include "common/results/results.h"

namespace nestwalk {

template <class A, class B>
constexpr bool same(A event, B category) {
  return index_of(event) == index_of(category);
}

static_assert(span_count == time_spans.size());
static_assert(same(Span::tlb, TimeSpan::tlb) && same(Span::walk_cache, TimeSpan::walk_cache));
static_assert(same(Span::stage1_reads, TimeSpan::stage1_reads));
static_assert(same(Span::stage2_reads, TimeSpan::stage2_reads));
static_assert(same(Span::walker_queue, TimeSpan::walker_queue));
static_assert(same(Span::merged, TimeSpan::merged) && same(Span::data, TimeSpan::data));
static_assert(same(Span::in_order, TimeSpan::in_order));
static_assert(same(Span::guest_fault, TimeSpan::guest_fault));
static_assert(same(Span::host_fault, TimeSpan::host_fault));
static_assert(same(Span::invalidation, TimeSpan::invalidation));

static_assert(served_count == how_served.size());
static_assert(same(Served::l1_tlb, HowServed::l1_tlb) && same(Served::l2_tlb, HowServed::l2_tlb));
static_assert(same(Served::merged, HowServed::merged) && same(Served::walk, HowServed::walk));
static_assert(same(Served::fault, HowServed::fault));

static_assert(ref_served_count == read_from.size());
static_assert(same(RefServed::l1d, ReadFrom::l1d) && same(RefServed::l2, ReadFrom::l2));
static_assert(same(RefServed::llc, ReadFrom::llc) && same(RefServed::dram, ReadFrom::dram));
static_assert(same(RefServed::walk_cache, ReadFrom::walk_cache));
static_assert(same(RefServed::stage2_tlb, ReadFrom::stage2_tlb));
static_assert(really_read_count == index_of(RefServed::walk_cache));

static_assert(same(Side::guest, MemorySide::guest) && same(Side::host, MemorySide::host));
static_assert(RefPosition::none == ReferenceRow::none);

}  // namespace nestwalk
