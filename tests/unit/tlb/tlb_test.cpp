// Tlb: several sizes and arrays, global entries, cutting to held sizes, tags, and every field of an
// invalidation.
#include "common/tlb/tlb.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

namespace {

TlbEntry entry(std::uint64_t page, std::uint64_t frame, unsigned lg2, Tag tag = {},
               bool global = false) {
  TlbEntry made;
  made.page = Va{page};
  made.frame = Pa{frame};
  made.size_lg2 = static_cast<std::uint8_t>(lg2);
  made.tag = tag;
  made.global = global;
  return made;
}

Tlb unified() { return Tlb({{{12, 21, 30}, {16, 4, Replacement::lru}}}, 1); }

Invalidation all_final() { return {.final_entries = true}; }

}  // namespace

TEST_CASE("an empty or missing TLB holds nothing and takes nothing") {
  const TlbArraySpec nothing{{12}, {0, 0, Replacement::lru}};
  for (const auto& arrays : {std::vector<TlbArraySpec>{}, {nothing}}) {
    Tlb tlb(arrays, 1);
    tlb.fill(entry(0x1000, 0x2000, 12), Va{0x1000});
    CHECK_FALSE(tlb.lookup(Va{0x1000}, {}));
    CHECK(tlb.occupied() == 0);
    CHECK_FALSE(tlb.held_size(12));
    CHECK(tlb.invalidate(all_final()) == 0);
  }
}

TEST_CASE("a hit covers the page and no byte more") {
  for (const unsigned lg2 : {12u, 21u, 30u}) {
    Tlb tlb = unified();
    const std::uint64_t page = 5 * one(lg2), frame = 9 * one(lg2);
    tlb.fill(entry(page, frame, lg2), Va{page + 0x123});
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{0x123}, low_mask(lg2)}) {
      const Tlb::Hit hit = tlb.lookup(Va{page + offset}, {});
      REQUIRE(hit);
      CHECK(hit.entry->translate(Va{page + offset}) == Pa{frame + offset});
    }
    CHECK_FALSE(tlb.lookup(Va{page - 1}, {}));
    CHECK_FALSE(tlb.lookup(Va{page + one(lg2)}, {}));
  }
}

TEST_CASE("the highest addresses") {
  Tlb tlb = unified();
  const std::uint64_t top = ~low_mask(12);
  tlb.fill(entry(top, 0x7000, 12), Va{top});
  CHECK(tlb.lookup(Va{~std::uint64_t{0}}, {}).entry->translate(Va{~std::uint64_t{0}}) ==
        Pa{0x7fff});
  CHECK_FALSE(tlb.lookup(Va{low_mask(48) - 5}, {}));
}

TEST_CASE("extra probes are the sizes present and tried in vain before, in the same array") {
  Tlb tlb = unified();
  tlb.fill(entry(one(30), 0, 30), Va{one(30)});
  CHECK(tlb.lookup(Va{one(30)}, {}).extra_probes == 0);  // no entry of another size is there
  tlb.fill(entry(0x1000, 0, 12), Va{0x1000});
  CHECK(tlb.lookup(Va{one(30)}, {}).extra_probes == 1);
  tlb.fill(entry(one(21), 0, 21), Va{one(21)});
  CHECK(tlb.lookup(Va{one(30)}, {}).extra_probes == 2);
  CHECK(tlb.lookup(Va{0x1000}, {}).extra_probes == 0);

  Tlb single({{{12, 21}, {1, 1, Replacement::lru}}}, 1);
  single.fill(entry(0x1000, 0, 12), Va{0x1000});
  single.fill(entry(one(21), 0, 21), Va{one(21)});  // evicts the only small page
  CHECK(single.lookup(Va{one(21)}, {}).extra_probes == 0);

  Tlb split({{{12}, {4, 4, Replacement::lru}}, {{21}, {4, 4, Replacement::lru}}}, 1);
  split.fill(entry(0x1000, 0, 12), Va{0x1000});
  split.fill(entry(one(21), 0, 21), Va{one(21)});
  CHECK(split.lookup(Va{one(21)}, {}).extra_probes == 0);  // arrays are probed at once
}

TEST_CASE("tags: an entry serves its own space, vm, root and regime only") {
  const Tag own{1, 2, 3, 4};
  Tlb tlb = unified();
  tlb.fill(entry(0x1000, 0x2000, 12, own), Va{0x1000});
  CHECK(tlb.lookup(Va{0x1000}, own));
  for (const Tag other : {Tag{9, 2, 3, 4}, Tag{1, 9, 3, 4}, Tag{1, 2, 9, 4}, Tag{1, 2, 3, 9}})
    CHECK_FALSE(tlb.lookup(Va{0x1000}, other));
}

TEST_CASE("a global entry serves every space of the same vm, root and regime") {
  Tlb tlb = unified();
  tlb.fill(entry(0x1000, 0x2000, 12, {1, 2, 3, 4}, true), Va{0x1000});
  CHECK(tlb.lookup(Va{0x1000}, {9, 2, 3, 4}));
  CHECK(tlb.lookup(Va{0x1000}, {0xffff, 2, 3, 4}));
  for (const Tag other : {Tag{1, 9, 3, 4}, Tag{1, 2, 9, 4}, Tag{1, 2, 3, 9}})
    CHECK_FALSE(tlb.lookup(Va{0x1000}, other));
  // and the space 0xffff has entries of its own
  Tlb last = unified();
  last.fill(entry(0x1000, 0x2000, 12, {0xffff, 2, 3, 4}), Va{0x1000});
  CHECK_FALSE(last.lookup(Va{0x1000}, {1, 2, 3, 4}));
}

TEST_CASE("a page is cut down to the largest size held, around the address that was asked for") {
  Tlb small({{{12}, {8, 8, Replacement::lru}}}, 1);
  small.fill(entry(one(21), one(25), 21), Va{one(21) + 0x5678});
  CHECK(small.lookup(Va{one(21) + 0x5000}, {}).entry->translate(Va{one(21) + 0x5abc}) ==
        Pa{one(25) + 0x5abc});
  CHECK_FALSE(small.lookup(Va{one(21) + 0x6000}, {}));
  CHECK(small.held_size(30) == 12);
  CHECK_FALSE(small.held_size(11));

  Tlb two({{{12}, {8, 8, Replacement::lru}}, {{16, 21}, {8, 8, Replacement::lru}}}, 1);
  CHECK(two.held_size(30) == 21);
  CHECK(two.held_size(20) == 16);
  CHECK(two.held_size(15) == 12);
  two.fill(entry(one(30), 0, 30), Va{one(30) + one(29)});
  CHECK(two.lookup(Va{one(30) + one(29)}, {}).entry->size_lg2 == 21);
}

TEST_CASE("all pieces of one leaf go together when any of its addresses is invalidated") {
  Tlb small({{{12}, {8, 8, Replacement::lru}}}, 1);
  for (const std::uint64_t offset : {0x0000, 0x5000, 0x9000})
    small.fill(entry(one(21), one(25), 21), Va{one(21) + offset});
  small.fill(entry(one(22), one(25), 12), Va{one(22)});  // a leaf of its own
  Invalidation what = all_final();
  what.va = AddressRange{one(21) + 0x1'0000, one(21) + 0x1'0000};
  CHECK(small.invalidate(what) == 3);
  CHECK(small.lookup(Va{one(22)}, {}));

  // A stage-1 leaf of 2 MiB over smaller stage-2 pages: the engine says where the piece comes from.
  Tlb tlb = unified();
  TlbEntry piece = entry(one(21) + 0x5000, one(25), 12);
  piece.leaf_lg2 = 21;
  tlb.fill(piece, Va{one(21) + 0x5000});
  what.va = AddressRange{one(21), one(21)};
  what.size_lg2 = 12;  // a level hint is about the leaf
  CHECK(tlb.invalidate(what) == 0);
  what.size_lg2 = 21;
  CHECK(tlb.invalidate(what) == 1);
}

TEST_CASE("filling what is there already replaces it") {
  Tlb tlb = unified();
  tlb.fill(entry(0x1000, 0x2000, 12), Va{0x1000});
  tlb.fill(entry(0x1000, 0x3000, 12), Va{0x1000});
  CHECK(tlb.occupied() == 1);
  CHECK(tlb.lookup(Va{0x1000}, {}).entry->frame == Pa{0x3000});
}

TEST_CASE("after drop a lookup misses, whatever mapped the address") {
  Tlb tlb = unified();
  const Tag tag{1, 2, 3, 4};
  tlb.fill(entry(0x1000, 0x2000, 12, tag), Va{0x1000});
  tlb.fill(entry(0x1000, 0x2000, 12, tag, true), Va{0x1000});
  tlb.fill(entry(0, 0, 21, tag), Va{0x1000});
  tlb.fill(entry(0x1000, 0x2000, 12, {9, 2, 3, 4}), Va{0x1000});
  tlb.drop(Va{0x1234}, tag);
  CHECK_FALSE(tlb.lookup(Va{0x1234}, tag));
  CHECK(tlb.occupied() == 1);
  CHECK(tlb.lookup(Va{0x1234}, {9, 2, 3, 4}));
}

TEST_CASE("invalidation: each field restricts on its own") {
  const Tag own{1, 2, 3, 4};
  const auto removed = [&](const Invalidation& what, bool global = false) {
    Tlb tlb = unified();
    tlb.fill(entry(0x5000, 0x9000, 12, own, global), Va{0x5000});
    const std::size_t count = tlb.invalidate(what);
    CHECK(tlb.occupied() == 1 - count);
    CHECK(static_cast<bool>(tlb.lookup(Va{0x5000}, own)) == (count == 0));
    return count == 1;
  };
  CHECK_FALSE(removed({.second_stage = true, .stage1_walks = Invalidation::Walks::all}));
  CHECK(removed(all_final()));
  struct Case {
    Invalidation match, differ;
  };
  const auto with = [](auto member, auto value) {
    Invalidation what = all_final();
    what.*member = value;
    return what;
  };
  const auto same_and_other = [&](auto member, std::uint16_t same) {
    return Case{with(member, same), with(member, std::uint16_t{77})};
  };
  for (const Case& c :
       {same_and_other(&Invalidation::space, 1), same_and_other(&Invalidation::vm, 2),
        same_and_other(&Invalidation::root, 3), same_and_other(&Invalidation::regime, 4)}) {
    CHECK(removed(c.match));
    CHECK_FALSE(removed(c.differ));
  }
  CHECK_FALSE(removed(with(&Invalidation::except_vm, std::uint16_t{2})));
  CHECK(removed(with(&Invalidation::except_vm, std::uint16_t{5})));
  CHECK(removed(with(&Invalidation::size_lg2, std::uint8_t{12})));
  CHECK_FALSE(removed(with(&Invalidation::size_lg2, std::uint8_t{21})));
  CHECK(removed(with(&Invalidation::va, AddressRange{0x5fff, 0x5fff})));
  CHECK(removed(with(&Invalidation::va, AddressRange{0, 0x5000})));
  CHECK_FALSE(removed(with(&Invalidation::va, AddressRange{0, 0x4fff})));
  CHECK_FALSE(removed(with(&Invalidation::va, AddressRange{0x6000, 0x6fff})));
  CHECK(removed(with(&Invalidation::ipa, AddressRange{1, 1})));  // says nothing about final entries

  // Global entries: spared by `globals = false`, hit by any space otherwise.
  CHECK(removed(with(&Invalidation::space, std::uint16_t{77}), true));
  CHECK_FALSE(removed(with(&Invalidation::globals, false), true));
  CHECK(removed(with(&Invalidation::globals, false)));
  CHECK_FALSE(removed(with(&Invalidation::vm, std::uint16_t{77}), true));
}

TEST_CASE("an address range up to the very top meets the last page") {
  const AddressRange everything;
  CHECK(everything.meets(~low_mask(12), 12));
  CHECK(AddressRange{~std::uint64_t{0}, ~std::uint64_t{0}}.meets(~low_mask(12), 12));
  CHECK_FALSE((AddressRange{0, 0xfff}.meets(~low_mask(12), 12)));
}
