// What single policies promise: pools, identity, granules other than 4 KiB.
#include <doctest/doctest.h>

#include "common/base/bits.h"
#include "common/mapping/mapping_policy.h"

using namespace nestwalk;

namespace {
// Blocks up to this size are vacant.
std::function<bool(unsigned)> vacant_to(unsigned lg2) {
  return [lg2](unsigned size_lg2) { return size_lg2 <= lg2; };
}
const FaultPlace anywhere{0x12'3456, 0, low_mask(48), vacant_to(48)};
}  // namespace

TEST_CASE("thp does not count a fall-back where no huge page could lie") {
  FrameAllocator frames({16 * MiB});
  const auto policy = make_policy({PolicyKind::thp}, frames);
  FaultPlace tight = anywhere;
  tight.last = 0x12'3fff;
  CHECK_FALSE(policy->place(tight, frames)->fell_back);
}

TEST_CASE("hugetlb counts a fall-back there too: a page of the pool was asked for") {
  FrameAllocator frames({16 * MiB});
  const auto policy = make_policy({PolicyKind::hugetlb, 12, {21}, 4 * MiB}, frames);
  FaultPlace tight = anywhere;
  tight.last = 0x12'3fff;
  CHECK(policy->place(tight, frames)->fell_back);
}

TEST_CASE("hugetlb: the pool is given lowest first, and pages come back to it") {
  FrameAllocator frames({16 * MiB});
  const auto policy = make_policy({PolicyKind::hugetlb, 12, {21}, 6 * MiB}, frames);
  CHECK(frames.free_bytes() == 10 * MiB);
  const auto first = policy->place(anywhere, frames);
  CHECK(first->frame == 0);
  CHECK(policy->place(anywhere, frames)->frame == 2 * MiB);
  CHECK(policy->idle_reserved_bytes() == 2 * MiB);
  policy->release(*first, frames);
  CHECK(policy->idle_reserved_bytes() == 4 * MiB);
  CHECK(frames.free_bytes() == 10 * MiB);
  CHECK(policy->place(anywhere, frames)->frame == 0);
}

TEST_CASE("hugetlb: a pool that does not fit is refused, and what was taken for it given back") {
  FrameAllocator small({5 * MiB});
  CHECK_FALSE(make_policy({PolicyKind::hugetlb, 12, {21}, 6 * MiB}, small));
  CHECK(small.free_bytes() == 5 * MiB);
  FrameAllocator broken({16 * MiB, 0.5, 1});
  const std::uint64_t before = broken.free_bytes();
  CHECK_FALSE(make_policy({PolicyKind::hugetlb, 12, {21}, 10 * MiB}, broken));
  CHECK(broken.free_bytes() == before);
  CHECK(make_policy({PolicyKind::hugetlb, 12, {21}, 8 * MiB}, broken));
}

TEST_CASE("identity: every address to itself, in the size preferred where it fits") {
  FrameAllocator none({0});
  const auto base = make_identity_policy({PolicyKind::base});
  CHECK(base->place(anywhere, none)->frame == 0x12'3000);
  CHECK(base->place(anywhere, none)->size_lg2 == 12);
  const auto huge = make_identity_policy({PolicyKind::thp});
  CHECK(huge->place(anywhere, none)->frame == 0);
  CHECK(huge->place(anywhere, none)->size_lg2 == 21);
  FaultPlace tight = anywhere;
  tight.vacant = vacant_to(20);
  CHECK(huge->place(tight, none)->frame == 0x12'3000);
  CHECK(huge->place(tight, none)->fell_back);
  huge->release({0, 21, false}, none);
  CHECK(none.free_bytes() == 0);
}

TEST_CASE("a granule of 64 KiB: base pages of that size") {
  FrameAllocator frames({16 * MiB});
  const auto policy = make_policy({PolicyKind::base, 16, {29}}, frames);
  const auto page = policy->place(anywhere, frames);
  CHECK(page->size_lg2 == 16);
  policy->release(*page, frames);
  CHECK(frames.free_bytes() == 16 * MiB);
}

TEST_CASE("fits: the whole block, vacant and inside") {
  CHECK(fits({0x20'0000, 0x20'0000, 0x3f'ffff, vacant_to(21)}, 21));
  CHECK_FALSE(fits({0x20'0000, 0x20'0000, 0x3f'ffff, vacant_to(20)}, 21));
  CHECK_FALSE(fits({0x20'0000, 0x20'0000, 0x3f'fffe, vacant_to(21)}, 21));
  CHECK_FALSE(fits({0x20'1000, 0x20'1000, 0x3f'ffff, vacant_to(21)}, 21));
  // the last block of all
  CHECK(fits({~std::uint64_t{0}, 0, ~std::uint64_t{0}, vacant_to(48)}, 21));
}

TEST_CASE("thp: the largest of its sizes that fits, is vacant and can be had") {
  PolicySpec spec{PolicyKind::thp, 12, {21, 16, 14}};
  FrameAllocator frames({16 * MiB});
  const auto policy = make_policy(spec, frames);
  CHECK(policy->place(anywhere, frames)->size_lg2 == 21);
  FaultPlace tight = anywhere;
  tight.vacant = vacant_to(20);
  CHECK(policy->place(tight, frames)->size_lg2 == 16);
  tight.vacant = vacant_to(15);
  CHECK(policy->place(tight, frames)->size_lg2 == 14);
  tight.vacant = vacant_to(12);
  CHECK(policy->place(tight, frames)->size_lg2 == 12);
  tight = anywhere;
  tight.last = 0x12'ffff;  // the 64 KiB block ends with the area
  CHECK(policy->place(tight, frames)->size_lg2 == 16);

  // A smaller size than could lie here is a fall-back: no 2 MiB block is left.
  FrameAllocator broken({16 * MiB, 1.0, 3});
  const auto page = make_policy(spec, broken)->place(anywhere, broken);
  CHECK(page->size_lg2 == 16);
  CHECK(page->fell_back);
  CHECK(page->frame % one(16) == 0);
}

TEST_CASE("identity takes the largest size that fits, too") {
  FrameAllocator none({0});
  const auto huge = make_identity_policy({PolicyKind::thp, 12, {21, 16}});
  FaultPlace tight = anywhere;
  tight.vacant = vacant_to(16);
  CHECK(huge->place(tight, none)->frame == 0x12'0000);
  CHECK(huge->place(tight, none)->size_lg2 == 16);
}
