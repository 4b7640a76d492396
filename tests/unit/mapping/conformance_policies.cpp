// What every mapping policy of the list must do: placements that are aligned, disjoint, inside
// their area and over nothing that is mapped; memory that comes back; fall-backs that are reported.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "common/base/bits.h"
#include "common/base/random.h"
#include "common/mapping/mapping_policy.h"

using namespace nestwalk;

namespace {

constexpr std::uint64_t memory_bytes = 80 * GiB;

std::uint8_t huge_lg2(const PolicySpec& spec) { return spec.huge_lg2.front(); }

PolicySpec spec_of(const PolicyInfo& info) {
  PolicySpec spec;
  spec.kind = info.kind;
  if (info.huge_lg2) spec.huge_lg2 = {info.huge_lg2};
  if (info.kind == PolicyKind::hugetlb) spec.reserved_bytes = 4 * one(huge_lg2(spec));
  return spec;
}

// Blocks up to this size are vacant.
std::function<bool(unsigned)> vacant_to(unsigned lg2) {
  return [lg2](unsigned size_lg2) { return size_lg2 <= lg2; };
}

std::uint64_t all_free(const MappingPolicy& policy, const FrameAllocator& frames) {
  return frames.free_bytes() + policy.idle_reserved_bytes();
}

}  // namespace

TEST_CASE("policies, each: listed once, with words about it") {
  std::set<std::string_view> names;
  for (const PolicyInfo& info : policy_list()) {
    CHECK(names.insert(info.name).second);
    CHECK_FALSE(info.description.empty());
  }
  CHECK(names.size() >= 4);
}

TEST_CASE("policies, each: random faults of an empty area") {
  for (const PolicyInfo& info : policy_list()) {
    CAPTURE(info.name);
    const PolicySpec spec = spec_of(info);
    FrameAllocator frames({memory_bytes});
    const auto policy = make_policy(spec, frames);
    REQUIRE(policy);
    CHECK(policy->idle_reserved_bytes() == spec.reserved_bytes);
    CHECK(all_free(*policy, frames) == memory_bytes);

    Random random(1);
    std::map<std::uint64_t, Placement> held;  // by frame
    for (int i = 0; i < 300; ++i) {
      FaultPlace at;
      at.first = random.below(4) << huge_lg2(spec) | random.below(3) << 12;
      at.last = at.first + (random.below(3) << huge_lg2(spec)) + 0x3fff;
      at.address = at.first + random.below(at.last - at.first + 1);
      at.vacant = vacant_to(random.below(2) ? 12 : 12 + static_cast<unsigned>(random.below(28)));
      const std::uint64_t before = all_free(*policy, frames);
      const auto page = policy->place(at, frames);
      if (!page) {
        CHECK_FALSE(frames.has_block(12));
        break;
      }
      // One of the policy's two sizes, aligned, vacant and inside the area.
      REQUIRE((page->size_lg2 == spec.base_lg2 || page->size_lg2 == huge_lg2(spec)));
      REQUIRE(page->frame % one(page->size_lg2) == 0);
      if (page->size_lg2 != spec.base_lg2) {
        REQUIRE(spec.kind != PolicyKind::base);
        REQUIRE(fits(at, page->size_lg2));
        REQUIRE_FALSE(page->fell_back);
      }
      if (spec.kind == PolicyKind::base) REQUIRE_FALSE(page->fell_back);
      REQUIRE(all_free(*policy, frames) == before - one(page->size_lg2));
      // Disjoint from all that is held.
      const auto next = held.lower_bound(page->frame);
      if (next != held.end()) REQUIRE(page->frame + one(page->size_lg2) <= next->first);
      if (next != held.begin()) {
        const auto last = std::prev(next);
        REQUIRE(last->first + one(last->second.size_lg2) <= page->frame);
      }
      held[page->frame] = *page;
      if (random.below(3) == 0) {
        const auto victim = held.begin();
        policy->release(victim->second, frames);
        held.erase(victim);
      }
    }
    for (const auto& [frame, page] : held) policy->release(page, frames);
    CHECK(all_free(*policy, frames) == memory_bytes);
    CHECK(policy->idle_reserved_bytes() == spec.reserved_bytes);
  }
}

TEST_CASE("policies, each: where a huge page can be had it is taken; where not, a base page is") {
  for (const PolicyInfo& info : policy_list()) {
    if (info.kind == PolicyKind::base) continue;
    CAPTURE(info.name);
    const PolicySpec spec = spec_of(info);
    const std::uint64_t huge = one(huge_lg2(spec));
    FrameAllocator frames({memory_bytes});
    const auto policy = make_policy(spec, frames);
    const FaultPlace open{huge * 5 + 0x1234, 0, low_mask(48), vacant_to(48)};
    CHECK(policy->place(open, frames)->size_lg2 == huge_lg2(spec));
    FaultPlace occupied = open;
    occupied.vacant = vacant_to(huge_lg2(spec) - 1u);
    CHECK(policy->place(occupied, frames)->size_lg2 == spec.base_lg2);
    FaultPlace begins_late = open;
    begins_late.first = huge * 5 + 0x1000;
    CHECK(policy->place(begins_late, frames)->size_lg2 == spec.base_lg2);
    FaultPlace ends_early = open;
    ends_early.last = huge * 6 - 2;
    CHECK(policy->place(ends_early, frames)->size_lg2 == spec.base_lg2);
    ends_early.last = huge * 6 - 1;
    CHECK(policy->place(ends_early, frames)->size_lg2 == huge_lg2(spec));
  }
}

TEST_CASE(
    "policies, each: no block for the huge page wanted is a fall-back; out of memory is nothing") {
  for (const PolicyInfo& info : policy_list()) {
    CAPTURE(info.name);
    PolicySpec spec = spec_of(info);
    spec.reserved_bytes = 0;  // an empty pool
    FrameAllocator frames({16 * MiB, 1.0, 3});
    const auto policy = make_policy(spec, frames);
    REQUIRE(policy);
    const FaultPlace open{one(huge_lg2(spec)), 0, low_mask(48), vacant_to(48)};
    const auto page = policy->place(open, frames);
    REQUIRE(page);
    CHECK(page->size_lg2 == spec.base_lg2);
    CHECK(page->fell_back == (spec.kind != PolicyKind::base));
    while (policy->place(open, frames)) continue;
    CHECK(frames.free_bytes() == 0);
  }
}
