// Which walks an invalidation overtakes: those that would fill what it removes, however large the
// leaf turns out to be (arm64 has blocks of up to 4 TiB), and no others.
#include "common/mmu/walk_under_way.h"

#include <doctest/doctest.h>

using namespace nestwalk;

namespace {

constexpr std::uint64_t GiB = std::uint64_t{1} << 30;

Invalidation of_page(std::uint64_t va, Tag tag) {
  Invalidation what;
  what.final_entries = true;
  what.space = tag.space;
  what.vm = tag.vm;
  what.va = AddressRange{va, va + 4095};
  return what;
}

TlbEntry leaf(std::uint64_t va, std::uint8_t size_lg2, Tag tag) {
  TlbEntry entry;
  entry.page = Va{va}.aligned(size_lg2);
  entry.size_lg2 = size_lg2;
  entry.tag = tag;
  return entry;
}

}  // namespace

TEST_CASE("a walk that ends in a large leaf is overtaken by an invalidation far from its address") {
  const Tag tag{3, 1, 0, 0};
  WalkUnderWay walk;
  walk.va = Va{5 * GiB};
  walk.tag = tag;
  walk.overtake(of_page(300 * GiB, tag));
  CHECK(walk.overtaken(leaf(5 * GiB, 39, tag)));  // 512 GiB: level 0 with LPA2
  CHECK(walk.overtaken(leaf(5 * GiB, 42, tag)));  // 4 TiB: level 1 of the 64K granule
  CHECK_FALSE(walk.overtaken(leaf(5 * GiB, 30, tag)));
  CHECK_FALSE(walk.overtaken(leaf(5 * GiB, 12, tag)));
  CHECK_FALSE(walk.walks_overtaken);  // last-level entries only
  CHECK_FALSE(walk.crossed.empty());  // nobody may wait for it: the leaf's size is not known yet
}

TEST_CASE("a walk of another space is not overtaken, but for a global entry") {
  const Tag tag{3, 1, 0, 0}, other{4, 1, 0, 0};
  WalkUnderWay walk;
  walk.va = Va{GiB};
  walk.tag = other;
  Invalidation what = of_page(GiB, tag);
  what.globals = true;
  walk.overtake(what);
  TlbEntry entry = leaf(GiB, 12, other);
  CHECK_FALSE(walk.overtaken(entry));
  entry.global = true;
  CHECK(walk.overtaken(entry));
}
