// WalkCache, Stage2Tlb and the three together: contents, tags, and what an invalidation reaches.
#include "common/tlb/walk_caches.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

namespace {

WalkCachesSpec full() {
  WalkCachesSpec spec;
  spec.stage1 = spec.stage2 = {{0, {8, 0, Replacement::lru}}, {1, {8, 0, Replacement::lru}}};
  spec.stage2_tlb = {8, 0, Replacement::lru};
  return spec;
}

constexpr Tag own{1, 2, 3, 4};

// One entry everywhere: stage-1 tables of heights 0 and 1 for 0x5000, of stage 2 for 0x9000.
WalkCaches filled() {
  WalkCaches caches(full(), 1);
  for (std::uint8_t height = 0; height <= 1; ++height) {
    caches.stage1.fill(height, 0x5000, 21 + 9u * height, own, {0x100, 0, {}});
    caches.stage2.fill(height, 0x9000, 21 + 9u * height, own, {0x200, 0, {}});
  }
  caches.stage2_tlb.fill({Ipa{0x9000}, Pa{0x9000}, 12, 12, 0, 0, 0}, own);
  return caches;
}

struct Left {
  std::size_t stage1, stage2, nested;
  bool operator==(const Left&) const = default;
};
Left after(const Invalidation& what) {
  WalkCaches caches = filled();
  caches.invalidate(what);
  return {caches.stage1.occupied(), caches.stage2.occupied(), caches.stage2_tlb.occupied()};
}

}  // namespace

TEST_CASE("WalkCache: heights are sorted, and those without entries do not exist") {
  WalkCache cache(
      {{2, {4, 0, Replacement::lru}}, {1, {0, 0, Replacement::lru}}, {0, {8, 2, Replacement::lru}}},
      1);
  CHECK(cache.heights() == std::vector<std::uint8_t>{0, 2});
  cache.fill(1, 0x1000, 21, {}, {1, 0, {}});
  CHECK(cache.occupied() == 0);
  CHECK(cache.lookup(1, 0x1000, 21, {}) == nullptr);
}

TEST_CASE("WalkCache: an entry serves the inputs that its table covers, under its tag") {
  WalkCache cache(full().stage1, 1);
  cache.fill(0, 3 * one(21) + 5, 21, own, {0x7000, 0xabc, 0x9000});
  const auto* hit = cache.lookup(0, 3 * one(21) + one(20), 21, own);
  REQUIRE(hit);
  CHECK(hit->table == 0x7000);
  CHECK(hit->path == 0xabc);
  CHECK(hit->resolved == 0x9000);
  CHECK_FALSE(cache.lookup(0, 4 * one(21), 21, own));
  CHECK_FALSE(cache.lookup(1, 3 * one(21), 30, own));
  CHECK_FALSE(cache.lookup(0, 3 * one(21), 21, {9, 2, 3, 4}));
  cache.fill(0, 3 * one(21), 21, own, {0x8000, 0, {}});
  CHECK(cache.occupied() == 1);
  CHECK(cache.lookup(0, 3 * one(21), 21, own)->table == 0x8000);
}

TEST_CASE("WalkCache: a table that covers everything is the root; there is nothing to spare") {
  WalkCache cache(full().stage1, 1);
  cache.fill(0, 5, 64, own, {0x7000, 0, {}});
  CHECK(cache.occupied() == 0);
  CHECK_FALSE(cache.lookup(0, 5, 64, own));
}

TEST_CASE("Stage2Tlb: without entries it takes nothing; drop removes all sizes of an address") {
  Stage2Tlb none({0, 0, Replacement::lru}, 1);
  CHECK_FALSE(none.exists());
  none.fill({}, {});
  none.drop(Ipa{0}, {});
  CHECK_FALSE(none.lookup(Ipa{0}, {}));
  CHECK(none.invalidate({.second_stage = true}) == 0);
  CHECK(none.occupied() == 0);

  Stage2Tlb tlb({4, 0, Replacement::lru}, 1);
  tlb.fill({Ipa{0}, Pa{one(30)}, 21, 21, 1, 0, 0}, own);
  tlb.fill({Ipa{0x1000}, Pa{0x8000}, 12, 12, 0, 0, 0}, own);
  CHECK(tlb.lookup(Ipa{0x2345}, own)->frame == Pa{one(30)});
  tlb.drop(Ipa{0x1234}, own);
  CHECK_FALSE(tlb.lookup(Ipa{0x1234}, own));
  CHECK_FALSE(tlb.lookup(Ipa{0x2345}, own));
}

TEST_CASE("Stage2Tlb: a level hint is about the leaf, not the run of leaves cached as one") {
  Stage2Tlb tlb({4, 0, Replacement::lru}, 1);
  tlb.fill({Ipa{0}, Pa{0}, 16, 12, 0, 0, 0}, own);
  CHECK(tlb.invalidate({.second_stage = true, .size_lg2 = 16}) == 0);
  CHECK(tlb.invalidate({.second_stage = true, .size_lg2 = 12}) == 1);
}

TEST_CASE("an invalidation reaches the structures that it names") {
  using Walks = Invalidation::Walks;
  CHECK(after({}) == Left{2, 2, 1});
  CHECK(after({.final_entries = true}) == Left{2, 2, 1});
  CHECK(after({.second_stage = true}) == Left{2, 2, 0});
  CHECK(after({.stage1_walks = Walks::all}) == Left{0, 2, 1});
  CHECK(after({.stage2_walks = Walks::all}) == Left{2, 0, 1});
}

TEST_CASE("walks on the path of an address, virtual for stage 1, intermediate for stage 2") {
  using Walks = Invalidation::Walks;
  const AddressRange near{0x5000, 0x5fff}, same_gib{one(29), one(29)}, far{one(35), one(35)};
  CHECK(after({.stage1_walks = Walks::path, .va = near}) == Left{0, 2, 1});
  CHECK(after({.stage1_walks = Walks::path, .va = same_gib}) == Left{1, 2, 1});
  CHECK(after({.stage1_walks = Walks::path, .va = far}) == Left{2, 2, 1});
  CHECK(after({.stage1_walks = Walks::all, .va = far}) == Left{0, 2, 1});
  CHECK(after({.stage2_walks = Walks::path, .va = far, .ipa = near}) == Left{2, 0, 1});
  CHECK(after({.stage2_walks = Walks::path, .va = near, .ipa = far}) == Left{2, 2, 1});
  CHECK(after({.second_stage = true, .ipa = near}) == Left{2, 2, 1});
  CHECK(after({.second_stage = true, .ipa = AddressRange{0x9fff, 0x9fff}}) == Left{2, 2, 0});
}

TEST_CASE("second-stage structures belong to no address space, but to a vm, root and regime") {
  using Walks = Invalidation::Walks;
  const Invalidation all{
      .second_stage = true, .stage1_walks = Walks::all, .stage2_walks = Walks::all};
  Invalidation other_space = all;
  other_space.space = 77;
  CHECK(after(other_space) == Left{2, 0, 0});
  for (const auto member : {&Invalidation::vm, &Invalidation::root, &Invalidation::regime}) {
    Invalidation other = all;
    other.*member = 77;
    CHECK(after(other) == Left{2, 2, 1});
  }
  Invalidation except = all;
  except.except_vm = 2;
  CHECK(after(except) == Left{2, 2, 1});
}
