// Properties of the descriptor formats: what is encoded is decoded, and tables cover every input
// address exactly once.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "built.h"
#include "common/base/random.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

// Formats of both stages for every granule, with and without 52-bit addresses and big-endian.
template <class Visit>
void for_each_geometry(Visit visit) {
  for (const Granule granule : all_granules)
    for (const bool wide : {false, true})
      for (const bool big_endian : {false, true}) {
        const Features features = wide ? Features::all() : Features{};
        GeometryRequest ask;
        ask.granule = granule;
        ask.ps = wide ? 6 : 5;
        ask.ds = wide && granule != Granule::k64;
        ask.big_endian = big_endian;
        ask.txsz = wide ? 12 : 16;
        Stage1Format::Controls one;
        one.tables = stage1_geometry(ask, features, {});
        ask.sl0 = granule == Granule::k4 ? 2 : wide && granule == Granule::k16 ? 3 : 2;
        Stage2Format::Controls two;
        two.tables = stage2_geometry(ask, features, {});
        REQUIRE(one.tables.geometry.refused == FaultCause::none);
        REQUIRE(two.tables.geometry.refused == FaultCause::none);
        for (const bool managed : {false, true}) {
          one.ha = one.hd = two.ha = two.hd = managed;
          visit(Stage1Format(one));
          visit(Stage2Format(two));
        }
      }
}

}  // namespace

TEST_CASE("encode and decode: tables and leaves of every height, random addresses") {
  Random random(1);
  for_each_geometry([&](const auto& format) {
    using Format = std::decay_t<decltype(format)>;
    using Out = typename Format::Out;
    const unsigned out_bits = format.geometry().output_bits;
    for (unsigned i = 0; i < 100; ++i) {
      const std::uint64_t raw = random.bits64() & low_mask(out_bits);
      for (int h = 0; h <= format.root_height(); ++h) {
        if (h > 0) {
          const Out next{align_down(raw, format.table_lg2())};
          const auto table = format.decode(format.make_table(next), h);
          CHECK(table.kind == EntryKind::table);
          CHECK(table.out == next);
        }
        if (!format.leaf_allowed(h)) continue;
        const Out out{align_down(raw, format.leaf_lg2(h))};
        MapRights rights;
        rights.write = random.below(2);
        rights.dirty = random.below(2);
        const std::uint64_t word = format.make_leaf(out, h, rights);
        const auto leaf = format.decode(word, h);
        CHECK(leaf.kind == EntryKind::leaf);
        CHECK(leaf.out == out);
        CHECK(leaf.size_lg2 == format.leaf_lg2(h));
        Access write{.type = AccessType::write};
        CHECK((format.permit({}, word, h, write).cause == FaultCause::none) == rights.write);
        // Marking is stable: a marked leaf needs no further mark, and stays writable.
        if (rights.write) {
          const std::uint64_t marked = format.mark_leaf(word, write);
          CHECK(format.mark_leaf(marked, write) == marked);
          CHECK(format.decode(marked, h).out == out);
        }
      }
    }
  });
}

TEST_CASE("random descriptors decode to something, and never beyond the output size") {
  Random random(2);
  for_each_geometry([&](const auto& format) {
    for (unsigned i = 0; i < 2000; ++i) {
      const std::uint64_t word = random.bits64();
      for (int h = 0; h <= format.root_height(); ++h) {
        const auto entry = format.decode(word, h);
        if (entry.kind == EntryKind::table || entry.kind == EntryKind::leaf)
          CHECK_FALSE(format.geometry().out_of_range(entry.out.value));
        if (entry.kind == EntryKind::leaf) {
          // With nT a block counts as one granule; without it, as itself or a run.
          const bool nt = bit(format.geometry().load(word), descriptor::no_translate);
          CHECK(entry.size_lg2 >= (nt ? format.table_lg2() : format.leaf_lg2(h)));
          CHECK(entry.out.value % one(entry.size_lg2) == 0);
        }
      }
    }
  });
}

// Small spaces, exhaustively: every page of the input space selects one entry, every entry of every
// table is selected, and no two pages share a last-level entry.
TEST_CASE("radix: every input address is covered exactly once") {
  for (const Granule granule : all_granules)
    for (const unsigned extra : {1u, 2u, 4u}) {
      const GranuleRow& g = row(granule);
      const Features features = Features::all();
      const unsigned bits = g.span_lg2(0) + extra;  // two levels, a narrow root
      GeometryRequest ask;
      ask.granule = granule;
      ask.txsz = 64 - bits;
      ask.ps = 6;
      ask.ttbr = std::uint64_t{1} << 40;
      // Stage 2 starts at the last level: 2^extra concatenated tables. (64 - bits may be above its
      // maximum for the smallest spaces; TTST allows them.)
      ask.sl0 = granule == Granule::k4 ? 3 : 0;
      const RootedGeometry one_level = stage2_geometry(ask, features, {});
      const RootedGeometry two_levels = stage1_geometry(ask, features, {});
      REQUIRE(one_level.geometry.refused == FaultCause::none);
      REQUIRE(two_levels.geometry.refused == FaultCause::none);
      CHECK(one_level.geometry.root_height == 0);
      CHECK(two_levels.geometry.root_height == 1);

      std::set<std::uint64_t> concatenated;
      std::map<std::uint64_t, std::set<std::uint64_t>> by_root_entry;
      const std::uint64_t pages = one(bits - g.lg2);
      for (std::uint64_t page = 0; page < pages; ++page) {
        const std::uint64_t in = page << g.lg2;
        concatenated.insert(one_level.geometry.entry_address(one_level.root, in, 0));
        const std::uint64_t at = two_levels.geometry.entry_address(two_levels.root, in, 1);
        by_root_entry[at].insert(two_levels.geometry.entry_address(0, in, 0));
      }
      CHECK(concatenated.size() == pages);
      CHECK(*concatenated.begin() == one_level.root);
      CHECK(*concatenated.rbegin() == one_level.root + 8 * (pages - 1));
      CHECK(one(one_level.geometry.root_lg2()) == 8 * pages);
      CHECK(by_root_entry.size() == one(extra));
      for (const auto& [at, entries] : by_root_entry) {
        CHECK(entries.size() == one(g.stride));
        CHECK(*entries.rbegin() == 8 * (one(g.stride) - 1));
      }
    }
}
