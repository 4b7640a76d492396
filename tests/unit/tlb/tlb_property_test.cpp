// Random fills, lookups, drops and invalidations against a plain list of entries. The TLB may
// forget (it has few entries); what it holds must be what the list holds, and nothing invalidated
// may stay.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "common/base/bits.h"
#include "common/base/random.h"
#include "common/tlb/nested_tlb.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_cache.h"

using namespace nestwalk;

namespace {

Tag random_tag(Random& random) {
  return {static_cast<std::uint16_t>(random.below(3)), static_cast<std::uint16_t>(random.below(2)),
          static_cast<std::uint16_t>(random.below(2)), static_cast<std::uint16_t>(random.below(2))};
}

Invalidation random_invalidation(Random& random) {
  const auto maybe = [&](std::uint64_t values) -> std::optional<std::uint16_t> {
    if (random.below(3)) return std::nullopt;
    return static_cast<std::uint16_t>(random.below(values));
  };
  const auto range = [&]() -> std::optional<AddressRange> {
    if (random.below(3) == 0) return std::nullopt;
    const std::uint64_t first = random.below(64) << 12;
    return AddressRange{first, first + random.below(0x4000)};
  };
  Invalidation what;
  what.final_entries = what.second_stage = true;
  what.space = maybe(3);
  what.vm = maybe(2);
  what.except_vm = maybe(2);
  what.root = maybe(2);
  what.regime = maybe(2);
  what.globals = random.below(2);
  what.va = range();
  what.ipa = range();
  if (random.below(4) == 0) what.size_lg2 = random.below(2) ? 12 : 14;
  return what;
}

bool same_owner(Tag a, Tag b, bool global) {
  return a.vm == b.vm && a.root == b.root && a.regime == b.regime && (global || a.space == b.space);
}

}  // namespace

TEST_CASE("Tlb: random operations agree with a list") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Tlb tlb({{{12, 14}, {24, 3, seed % 2 ? Replacement::lru : Replacement::srrip}},
             {{16}, {4, 0, Replacement::tree_plru}}},
            seed);
    std::vector<TlbEntry> model;  // the latest of each page, size and owner
    Random random(seed);
    std::size_t hits = 0;
    for (int i = 0; i < 4000; ++i) {
      const Va va{random.below(64 * 0x1000)};
      const Tag tag = random_tag(random);
      switch (random.below(8)) {
        default: {
          TlbEntry made;
          made.size_lg2 = static_cast<std::uint8_t>(12 + 2 * random.below(3));
          made.page = va.aligned(made.size_lg2);
          made.frame = Pa{random.below(1000) << made.size_lg2};
          made.tag = tag;
          made.global = random.below(5) == 0;
          std::erase_if(model, [&](const TlbEntry& e) {
            return e.page == made.page && e.size_lg2 == made.size_lg2 && e.global == made.global &&
                   same_owner(e.tag, tag, e.global);
          });
          model.push_back(made);
          tlb.fill(made, va);
          break;
        }
        case 0:
          std::erase_if(model, [&](const TlbEntry& e) {
            return va.aligned(e.size_lg2) == e.page && same_owner(e.tag, tag, e.global);
          });
          tlb.drop(va, tag);
          break;
        case 1: {
          const Invalidation what = random_invalidation(random);
          std::erase_if(model, [&](const TlbEntry& e) {
            return what.selects(e.tag, e.global) &&
                   (!what.va || what.va->meets(e.page.value, e.size_lg2)) &&
                   (!what.size_lg2 || *what.size_lg2 == e.size_lg2);
          });
          tlb.invalidate(what);
          break;
        }
        case 2:
          break;
      }
      const auto known = [&](const TlbEntry& held) {
        return std::any_of(model.begin(), model.end(), [&](const TlbEntry& e) {
          return e.page == held.page && e.frame == held.frame && e.size_lg2 == held.size_lg2 &&
                 e.global == held.global && same_owner(e.tag, held.tag, e.global);
        });
      };
      std::size_t count = 0;
      bool all_known = true, one_serves = false;
      tlb.for_each([&](const TlbEntry& held) {
        ++count;
        all_known = all_known && known(held);
        one_serves |=
            va.aligned(held.size_lg2) == held.page && same_owner(held.tag, tag, held.global);
      });
      REQUIRE(all_known);
      REQUIRE(count == tlb.occupied());
      const Tlb::Hit hit = tlb.lookup(va, tag);
      REQUIRE(static_cast<bool>(hit) == one_serves);
      if (hit) REQUIRE((va.aligned(hit.entry->size_lg2) == hit.entry->page && known(*hit.entry)));
      hits += static_cast<bool>(hit);
    }
    CHECK(hits > 100);
  }
}

TEST_CASE("NestedTlb: random operations agree with a list") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    NestedTlb tlb({seed % 2 ? 12u : 32u, seed % 2 ? 0u : 4u, Replacement::lru}, seed);
    struct Held {
      NestedEntry entry;
      Tag tag;
    };
    std::vector<Held> model;
    Random random(seed);
    std::size_t hits = 0;
    for (int i = 0; i < 4000; ++i) {
      const Ipa ipa{random.below(64 * 0x1000)};
      Tag tag = random_tag(random);
      tag.space = 0;
      switch (random.below(8)) {
        default: {
          NestedEntry made;
          made.size_lg2 = random.below(2) ? 12 : 14;
          made.leaf_lg2 = 12;
          made.page = ipa.aligned(made.size_lg2);
          made.frame = Pa{random.below(1000) << made.size_lg2};
          made.word = random.bits64();
          std::erase_if(model, [&](const Held& h) {
            return h.tag == tag && h.entry.page == made.page && h.entry.size_lg2 == made.size_lg2;
          });
          model.push_back({made, tag});
          tlb.fill(made, tag);
          break;
        }
        case 0:
          std::erase_if(model, [&](const Held& h) {
            return h.tag == tag && ipa.aligned(h.entry.size_lg2) == h.entry.page;
          });
          tlb.drop(ipa, tag);
          break;
        case 1: {
          Invalidation what = random_invalidation(random);
          const std::size_t before = tlb.occupied();
          const std::size_t removed = tlb.invalidate(what);
          REQUIRE(tlb.occupied() == before - removed);
          what.space.reset();  // second-stage entries have none
          std::erase_if(model, [&](const Held& h) {
            return what.selects(h.tag, false) &&
                   (!what.ipa || what.ipa->meets(h.entry.page.value, h.entry.size_lg2)) &&
                   (!what.size_lg2 || *what.size_lg2 == h.entry.leaf_lg2);
          });
          break;
        }
      }
      const NestedEntry* hit = tlb.lookup(ipa, tag);
      if (!hit) continue;
      ++hits;
      REQUIRE(ipa.aligned(hit->size_lg2) == hit->page);
      REQUIRE(std::any_of(model.begin(), model.end(), [&](const Held& h) {
        return h.tag == tag && h.entry.page == hit->page && h.entry.size_lg2 == hit->size_lg2 &&
               h.entry.word == hit->word && h.entry.frame == hit->frame;
      }));
    }
    CHECK(hits > 100);
  }
}

TEST_CASE("WalkCache: random operations agree with a list") {
  constexpr unsigned span[] = {14, 16, 18};
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    WalkCache cache({{0, {6, 0, Replacement::lru}}, {2, {4, 2, Replacement::srrip}}}, seed);
    struct Held {
      std::uint8_t height;
      std::uint64_t prefix;
      Tag tag;
      std::uint64_t table;
    };
    std::vector<Held> model;
    Random random(seed);
    std::size_t hits = 0;
    for (int i = 0; i < 4000; ++i) {
      const std::uint64_t input = random.below(64 * 0x1000);
      const Tag tag = random_tag(random);
      const auto height = static_cast<std::uint8_t>(random.below(3));  // 1 has no array
      const std::uint64_t prefix = input >> span[height];
      const auto is_this = [&](const Held& h) {
        return h.height == height && h.prefix == prefix && h.tag == tag;
      };
      if (random.below(6) == 0) {
        const Invalidation what = random_invalidation(random);
        const auto scope = static_cast<Invalidation::Walks>(random.below(3));
        cache.invalidate(what, scope, what.va);
        std::erase_if(model, [&](const Held& h) {
          if (scope == Invalidation::Walks::none || !what.selects(h.tag, false)) return false;
          return scope == Invalidation::Walks::all || !what.va ||
                 what.va->meets(h.prefix << span[h.height], span[h.height]);
        });
      } else if (random.below(2)) {
        std::erase_if(model, is_this);
        model.push_back({height, prefix, tag, random.bits64()});
        cache.fill(height, input, span[height], tag, {model.back().table, 7, std::nullopt});
      }
      const auto* hit = cache.lookup(height, input, span[height], tag);
      if (!hit) continue;
      ++hits;
      REQUIRE(height != 1);
      const auto held = std::find_if(model.begin(), model.end(), is_this);
      REQUIRE(held != model.end());
      REQUIRE(hit->table == held->table);
    }
    CHECK(hits > 100);
  }
}
