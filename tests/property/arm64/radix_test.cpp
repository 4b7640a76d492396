// Tables cover every input address exactly once: for every granule, start level and legal TxSZ of
// both stages, concatenated start tables included (spec 1.1, 1.4).
#include <set>

#include "property/property.h"
#include "settings.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

// Entries of the table(s) of a level.
std::uint64_t entries(const Setting& s, int level) {
  return one(level == s.start_level ? s.bits - s.shift(level) : s.stride());
}
std::uint64_t index_of(const TableGeometry& g, std::uint64_t in, int level) {
  return g.entry_address(0, in, height_of(level)) / 8;
}

}  // namespace

TEST_CASE("spec 1.4: every setting in the list is legal, with the start level it says") {
  CHECK(all_settings().size() > 300);
  for (const Setting& s : all_settings()) {
    CAPTURE(s);
    const TableGeometry g = s.geometry().geometry;
    CHECK(g.refused == FaultCause::none);
    CHECK(level_of(g.root_height) == s.start_level);
    CHECK(g.input_bits == s.bits);
  }
}

TEST_CASE("spec 1.1: indices and the page offset, put together, are the address") {
  property("address to indices and back, all settings", [](std::uint64_t any) {
    for (const Setting& s : all_settings()) {
      const std::uint64_t in = any & low_mask(s.bits);
      const TableGeometry g = s.geometry().geometry;
      std::uint64_t together = in & low_mask(s.page_lg2());
      for (int level = s.start_level; level <= 3; ++level) {
        const std::uint64_t index = index_of(g, in, level);
        if (index >= entries(s, level)) RC_FAIL("beyond the table");
        together += index << s.shift(level);
      }
      if (together != in) RC_FAIL("not the address");
    }
  });
  property("indices to an address and back: no gap, no overlap", [] {
    const Setting s = *rc::gen::elementOf(all_settings());
    const TableGeometry g = s.geometry().geometry;
    std::vector<std::uint64_t> indices;
    std::uint64_t in = 0;
    for (int level = s.start_level; level <= 3; ++level) {
      indices.push_back(*rc::gen::inRange<std::uint64_t>(0, entries(s, level)));
      in |= indices.back() << s.shift(level);
    }
    RC_ASSERT(in >> s.bits == 0u);
    for (int level = s.start_level; level <= 3; ++level)
      RC_ASSERT(index_of(g, in, level) == indices[static_cast<std::size_t>(level - s.start_level)]);
  });
}

TEST_CASE("spec 1.4: start tables: at most 16, aligned to all of them, every entry inside") {
  property("the root", [](std::uint64_t any, std::uint64_t base) {
    for (const Setting& s : all_settings()) {
      const std::uint64_t all_bytes = 8 * entries(s, s.start_level);
      const RootedGeometry rooted = s.geometry(base & low_mask(40));
      const TableGeometry& g = rooted.geometry;
      const std::uint64_t limit = s.stage == 1 ? 1 : 16;
      if (all_bytes > limit << s.page_lg2() || one(g.root_lg2()) != all_bytes)
        RC_FAIL("the size of the start tables");
      if (rooted.root % all_bytes) RC_FAIL("their alignment");
      const std::uint64_t in = any & low_mask(s.bits);
      const std::uint64_t at = g.entry_address(rooted.root, in, g.root_height);
      if (at < rooted.root || at + 8 > rooted.root + all_bytes) RC_FAIL("an entry outside");
    }
  });
}

// Small spaces, exhaustively: every page selects one entry, every entry is selected.
TEST_CASE(
    "radix, exhaustively: concatenated last-level tables, and two levels with a narrow root") {
  for (const Granule granule : all_granules)
    for (const unsigned extra : {1u, 2u, 4u}) {
      const unsigned bits = row(granule).span_lg2(0) + extra;
      const std::uint64_t pages = one(bits - row(granule).lg2);
      const Setting one_level{2, granule, true, 3, bits}, two_levels{1, granule, true, 2, bits};
      const std::uint64_t base = one(40);
      const RootedGeometry flat = one_level.geometry(base), tree = two_levels.geometry(base);
      std::set<std::uint64_t> last_level;
      std::set<std::pair<std::uint64_t, std::uint64_t>> by_path;
      for (std::uint64_t page = 0; page < pages; ++page) {
        const std::uint64_t in = page << row(granule).lg2;
        last_level.insert(flat.geometry.entry_address(flat.root, in, 0));
        by_path.emplace(tree.geometry.entry_address(tree.root, in, 1),
                        tree.geometry.entry_address(0, in, 0));
      }
      CHECK(last_level.size() == pages);
      CHECK(*last_level.begin() == flat.root);
      CHECK(*last_level.rbegin() == flat.root + 8 * (pages - 1));
      CHECK(by_path.size() == pages);
    }
}
