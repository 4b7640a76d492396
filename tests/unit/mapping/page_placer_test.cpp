// PagePlacer: faults that overlap in time share one page, or keep out of each other's way, and each
// page is entered and counted once.
#include "common/mapping/page_placer.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

namespace {

// Blocks up to this size are vacant.
std::function<bool(unsigned)> vacant_to(unsigned lg2) {
  return [lg2](unsigned size_lg2) { return size_lg2 <= lg2; };
}

struct Rig {
  explicit Rig(PolicyKind kind = PolicyKind::thp, std::uint64_t bytes = 16 * MiB)
      : frames({bytes}), policy(make_policy({kind}, frames)), placer(*policy, frames) {}
  PlacedPage place(std::uint64_t address, unsigned vacant_lg2 = 48) {
    return *placer.place({address, 0, low_mask(48), vacant_to(vacant_lg2)});
  }
  FrameAllocator frames;
  std::unique_ptr<MappingPolicy> policy;
  PagePlacer placer;
  MappingCounts counts;
};

}  // namespace

TEST_CASE("a fault on a page that is on its way gets the same page, not fresh") {
  Rig rig;
  const PlacedPage first = rig.place(2 * MiB + 0x1234);
  CHECK(first.fresh_lg2 == 21);
  CHECK(first.base == 2 * MiB);
  CHECK(first.page.size_lg2 == 21);
  const PlacedPage second = rig.place(2 * MiB + 0x10'0000);
  CHECK(second.fresh_lg2 == 0);
  CHECK(second.base == first.base);
  CHECK(second.page.frame == first.page.frame);
  CHECK(rig.frames.free_bytes() == 14 * MiB);
  CHECK(rig.place(4 * MiB).fresh_lg2 == 21);  // the neighbour is another page
}

TEST_CASE("one of them enters it, the other finds it done; it counts once") {
  Rig rig;
  const PlacedPage first = rig.place(0x1234), second = rig.place(0x5678);
  CHECK(rig.placer.pending(first));
  CHECK(rig.placer.pending(second));
  rig.placer.settled(second, rig.counts);
  CHECK_FALSE(rig.placer.pending(first));
  CHECK(rig.counts.mapped_bytes == 2 * MiB);
  CHECK(rig.counts.pages_by_lg2[21] == 1);
  CHECK(rig.counts.fallbacks == 0);
}

TEST_CASE("a slow fault does not mistake a later placement of the same block for its own") {
  Rig rig;
  const PlacedPage slow = rig.place(0x1000), quick = rig.place(0x2000);
  rig.placer.settled(quick, rig.counts);
  // Unmapped and released meanwhile; its memory goes to another block, and the block faults again.
  rig.policy->release(quick.page, rig.frames);
  const PlacedPage other = rig.place(2 * MiB);
  CHECK(other.page.frame == slow.page.frame);
  const PlacedPage again = rig.place(0x1000);
  CHECK(again.base == slow.base);
  CHECK(rig.placer.pending(again));
  CHECK_FALSE(rig.placer.pending(slow));
}

TEST_CASE("a small page on its way keeps a large one out of its block") {
  Rig rig;
  const PlacedPage small = rig.place(0x1000, 12);
  CHECK(small.page.size_lg2 == 12);
  const PlacedPage beside = rig.place(0x5000);  // the tables alone would say: all vacant
  CHECK(beside.page.size_lg2 == 12);
  CHECK(beside.fresh_lg2 == 12);
  CHECK_FALSE(beside.page.fell_back);
  CHECK(rig.place(2 * MiB).page.size_lg2 == 21);
  rig.placer.settled(small, rig.counts);
  rig.placer.settled(beside, rig.counts);
  CHECK(rig.counts.pages_by_lg2[12] == 2);
}

TEST_CASE("fall-backs are counted when the page is entered; out of memory is nothing") {
  Rig rig(PolicyKind::thp, 1 * MiB);
  const PlacedPage page = rig.place(0);
  CHECK(page.page.fell_back);
  CHECK(rig.counts.fallbacks == 0);
  rig.placer.settled(page, rig.counts);
  CHECK(rig.counts.fallbacks == 1);
  CHECK(rig.counts.mapped_bytes == 4 * KiB);
  for (std::uint64_t i = 1; i < 256; ++i) rig.place(i << 12, 12);
  CHECK_FALSE(rig.placer.place({1 * GiB, 0, low_mask(48), vacant_to(12)}));
}
