// What stands behind host-virtual addresses: first touch by policy, rights, the zero page, and what
// the host does later. No frame is ever lost or given out twice.
#include "common/host/backing.h"

#include <doctest/doctest.h>

#include <set>

#include "common/base/bits.h"
#include "common/base/random.h"

using namespace nestwalk;

namespace {

constexpr Hva start{one(40)};

struct Rig {
  explicit Rig(const PolicySpec& spec = {}, std::uint64_t bytes = 64 * MiB)
      : frames({bytes}),
        zero{*frames.allocate(12)},
        policy(make_policy(spec, frames)),
        backing(frames, zero) {
    REQUIRE(policy);
  }
  Area area(std::uint64_t first = 0, std::uint64_t bytes = 16 * MiB) const {
    return {{start + first, bytes}, policy.get()};
  }
  std::uint64_t lost_bytes() const {
    return frames.bytes() - frames.free_bytes() - policy->idle_reserved_bytes() - backing.bytes() -
           4 * KiB;  // the zero page
  }
  FrameAllocator frames;
  Pa zero;
  std::unique_ptr<MappingPolicy> policy;
  Backing backing;
};

const PolicySpec thp{PolicyKind::thp, 12, {21}};
const PolicySpec pool_2m{PolicyKind::hugetlb, 12, {21}, 8 * MiB};

}  // namespace

TEST_CASE("the first touch takes memory, the second finds it") {
  Rig rig;
  rig.backing.add_area(rig.area());
  CHECK_FALSE(rig.backing.find(start));
  const Touched first = rig.backing.touch(start + 0x5123, false);
  CHECK(first.end == TouchEnd::filled);
  CHECK(first.fresh_lg2 == 12);
  CHECK(first.page.base == start + 0x5000);
  CHECK(first.page.writable);
  const Touched again = rig.backing.touch(start + 0x5fff, true);
  CHECK(again.end == TouchEnd::present);
  CHECK(again.fresh_lg2 == 0);
  CHECK(again.page == first.page);
  CHECK(rig.backing.find(start + 0x5000) == first.page);
  CHECK(rig.backing.bytes() == 4 * KiB);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("no area, or one that forbids it: refused, and nothing is taken") {
  Rig rig;
  Area area = rig.area();
  area.rights = HostRights::read;
  rig.backing.add_area(area);
  CHECK(rig.backing.touch(start + 16 * MiB, false).end == TouchEnd::refused);
  CHECK(rig.backing.touch(Hva{0}, false).end == TouchEnd::refused);
  CHECK(rig.backing.touch(start, true).end == TouchEnd::refused);
  CHECK(rig.backing.bytes() == 0);
  const Touched read = rig.backing.touch(start, false);
  CHECK(read.end == TouchEnd::filled);
  CHECK_FALSE(read.page.writable);  // T187 P1: PROT_READ memory is mapped read-only
  CHECK(rig.backing.protect({start, 4 * KiB}, HostRights::none));
  CHECK(rig.backing.touch(start, false).end == TouchEnd::refused);
}

TEST_CASE("out of memory is said, not thrown") {
  Rig rig({}, 8 * KiB);
  rig.backing.add_area(rig.area());
  CHECK(rig.backing.touch(start, true));
  CHECK(rig.backing.touch(start + 0x1000, true).end == TouchEnd::out_of_memory);
}

TEST_CASE("THP: aligned blocks inside the area, and only where nothing stands") {
  Rig rig(thp);
  rig.backing.add_area(rig.area(MiB, 5 * MiB));  // 1 .. 6 MiB: whole blocks are 2..4 and 4..6
  CHECK(rig.backing.touch(start + MiB + 0x123, true).page.size_lg2 == 12);
  CHECK(rig.backing.touch(start + 3 * MiB, true).page.size_lg2 == 21);
  CHECK(rig.backing.touch(start + 3 * MiB, true).page.base == start + 2 * MiB);
  CHECK(rig.backing.touch(start + 5 * MiB, true).page.base == start + 4 * MiB);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("hugetlb: a page of the pool at a touch, marked as such") {
  Rig rig(pool_2m);
  Area area = rig.area();
  area.hugetlb_lg2 = 21;
  rig.backing.add_area(area);
  const Touched touched = rig.backing.touch(start + 3 * MiB, false);
  CHECK(touched.page.hugetlb);
  CHECK(touched.page.size_lg2 == 21);
  CHECK(rig.policy->idle_reserved_bytes() == 6 * MiB);
}

// Executed: arm64 7.3, T187; x86 THPsplit (0x4005: np > P without W).
TEST_CASE("T187 T381: a first read brings the zero page, read-only; a write then brings memory") {
  Rig rig;
  Area area = rig.area();
  area.first_read = FirstRead::zero_page;
  rig.backing.add_area(area);
  const Touched read = rig.backing.touch(start + 0x3238, false);
  CHECK(read);
  CHECK(read.page.zero_page);
  CHECK(read.page.frame == rig.zero);
  CHECK_FALSE(read.page.writable);
  CHECK(rig.backing.bytes() == 0);
  CHECK(rig.backing.touch(start + 0x3238, false).end == TouchEnd::present);
  const Touched write = rig.backing.touch(start + 0x3000, true);
  CHECK(write.end == TouchEnd::filled);
  CHECK(write.fresh_lg2 == 12);
  CHECK(write.page.writable);
  CHECK(write.page.frame != rig.zero);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("T381: MADV_DONTNEED of one page splits a huge one; the others keep their frames") {
  Rig rig(thp);
  rig.backing.add_area(rig.area());
  const HostPage huge = rig.backing.touch(start, true).page;
  const HvaRange range{start + 0x5000, 0x1000};
  CHECK(rig.backing.changed_by(range).first == start);
  CHECK(rig.backing.changed_by(range).bytes == 2 * MiB);
  REQUIRE(rig.backing.discard(range));
  CHECK_FALSE(rig.backing.find(start + 0x5000));
  CHECK(rig.backing.find(start + 0x4000)->frame == huge.frame + 0x4000);
  CHECK(rig.backing.find(start + 0x6000)->frame == huge.frame + 0x6000);
  CHECK(rig.backing.find(start + 0x6000)->size_lg2 == 12);
  CHECK(rig.backing.bytes() == 2 * MiB - 4 * KiB);
  CHECK(rig.lost_bytes() == 0);
  CHECK(rig.backing.touch(start + 0x5000, true).page.size_lg2 == 12);  // the block is not vacant
}

TEST_CASE("a page of a pool is discarded whole or not at all") {
  Rig rig(pool_2m);
  Area area = rig.area();
  area.hugetlb_lg2 = 21;
  rig.backing.add_area(area);
  rig.backing.touch(start, true);
  rig.backing.touch(start + 2 * MiB, true);
  CHECK_FALSE(rig.backing.discard({start + 0x1000, 2 * MiB}));
  CHECK(rig.backing.discard({start, 3 * MiB}));
  CHECK_FALSE(rig.backing.find(start));
  CHECK(rig.backing.find(start + 2 * MiB));
  CHECK(rig.policy->idle_reserved_bytes() == 6 * MiB);
}

// Executed: arm64 7.3, T159 (THP after MADV_COLLAPSE is mapped by a block).
TEST_CASE("T159: MADV_COLLAPSE puts one page in place of the small ones") {
  Rig rig;
  rig.backing.add_area(rig.area(0, 4 * MiB));
  CHECK_FALSE(rig.backing.collapse(start, 21));  // nothing there
  rig.backing.touch(start + 0x1000, true);
  rig.backing.touch(start + 0x9000, true);
  REQUIRE(rig.backing.collapse(start + 0x5000, 21));
  CHECK(rig.backing.find(start)->size_lg2 == 21);
  CHECK(rig.backing.find(start)->base == start);
  CHECK(rig.backing.bytes() == 2 * MiB);
  CHECK(rig.lost_bytes() == 0);
  CHECK_FALSE(rig.backing.collapse(start, 21));  // already
  rig.backing.touch(start + 2 * MiB, true);
  CHECK_FALSE(rig.backing.collapse(start, 23));  // leaves the area
}

TEST_CASE("mprotect splits areas and pages, and leaves what is outside as it was") {
  Rig rig(thp);
  rig.backing.add_area(rig.area());
  const HostPage huge = rig.backing.touch(start, true).page;
  CHECK_FALSE(rig.backing.protect({start + 15 * MiB, 2 * MiB}, HostRights::read));
  REQUIRE(rig.backing.protect({start + 0x3000, 0x2000}, HostRights::read));
  CHECK(rig.backing.find(start + 0x2000)->writable);
  CHECK_FALSE(rig.backing.find(start + 0x3000)->writable);
  CHECK(rig.backing.find(start + 0x3000)->frame == huge.frame + 0x3000);
  CHECK(rig.backing.find(start + 0x5000)->writable);
  CHECK(rig.backing.touch(start + 0x4000, true).end == TouchEnd::refused);
  CHECK(rig.backing.touch(start + 0x5000, true).end == TouchEnd::present);
  REQUIRE(rig.backing.protect({start + 0x3000, 0x2000}, HostRights::read_write));
  CHECK(rig.backing.touch(start + 0x4000, true).page.writable);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("an area taken away gives its memory back") {
  Rig rig(thp);
  rig.backing.add_area(rig.area());
  const std::uint64_t free_bytes = rig.frames.free_bytes();
  rig.backing.touch(start, true);
  rig.backing.touch(start + 7 * MiB, true);
  rig.backing.remove_area(start);
  CHECK(rig.frames.free_bytes() == free_bytes);
  CHECK_FALSE(rig.backing.area_of(start));
}

TEST_CASE("random events: frames are never shared, lost or invented") {
  for (const PolicySpec& spec : {PolicySpec{}, thp, PolicySpec{PolicyKind::thp, 12, {21, 16}}}) {
    Rig rig(spec, 40 * MiB);
    Area area = rig.area();
    area.first_read = FirstRead::zero_page;
    rig.backing.add_area(area);
    Random random(3);
    for (int i = 0; i < 1500; ++i) {
      const Hva at = start + align_down(random.below(15 * MiB), 12);
      const HvaRange range{at, (1 + random.below(200)) << 12};
      switch (random.below(8)) {
        case 0:
          rig.backing.discard(range);
          break;
        case 1:
          rig.backing.collapse(at, 21);
          break;
        case 2:
          REQUIRE(rig.backing.protect(range,
                                      random.below(2) ? HostRights::read : HostRights::read_write));
          break;
        default:
          rig.backing.touch(at, random.below(2) == 0);
      }
      REQUIRE(rig.lost_bytes() == 0);
    }
    std::set<std::uint64_t> frames;
    for (Hva at = start; at < start + 16 * MiB; at = at + 4096)
      if (const auto page = rig.backing.find(at); page && !page->zero_page)
        CHECK(frames.insert((page->frame + at.offset(page->size_lg2)).value).second);
    CHECK(frames.size() * 4096 == rig.backing.bytes());
  }
}
