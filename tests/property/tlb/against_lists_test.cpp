// TLB, stage-2 TLB and walk cache against plain lists. They may forget, as they have few entries;
// what they hold is what the list holds, and nothing invalidated stays.
#include <algorithm>

#include "common/tlb/stage2_tlb.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_cache.h"
#include "draws.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// The latest of each page, size and owner.
class TlbList {
 public:
  void apply(const Step& step, Tlb& tlb) {
    const Va va{step.address};
    switch (step.kind) {
      case Step::Kind::fill: {
        TlbEntry made;
        made.size_lg2 = step.lg2;
        made.page = va.aligned(step.lg2);
        made.frame = Pa{step.value << step.lg2};
        made.tag = step.tag;
        made.global = step.global;
        std::erase_if(list_, [&](const TlbEntry& e) {
          return e.page == made.page && e.size_lg2 == made.size_lg2 && e.global == made.global &&
                 same_owner(e.tag, made.tag, e.global);
        });
        list_.push_back(made);
        tlb.fill(made, va);
        break;
      }
      case Step::Kind::drop:
        std::erase_if(list_, [&](const TlbEntry& e) { return serves(e, va, step.tag); });
        tlb.drop(va, step.tag);
        break;
      case Step::Kind::invalidate: {
        std::erase_if(list_, [&](const TlbEntry& e) {
          return step.what.selects(e.tag, e.global) &&
                 (!step.what.va || step.what.va->meets(e.page.value, e.size_lg2)) &&
                 (!step.what.size_lg2 || *step.what.size_lg2 == e.size_lg2);
        });
        const std::size_t before = tlb.occupied();
        const std::size_t removed = tlb.invalidate(step.what);
        RC_ASSERT(tlb.occupied() == before - removed);
        break;
      }
      case Step::Kind::look:
        break;
    }
  }
  // Whether the TLB's entries are the list's, and a lookup finds one exactly if one serves.
  void check(Tlb& tlb, Va va, Tag tag) const {
    std::size_t count = 0, serving = 0;
    tlb.for_each([&](const TlbEntry& held) {
      ++count;
      if (!known(held)) RC_FAIL("holds what was not filled, or has been invalidated");
      serving += serves(held, va, tag);
    });
    RC_ASSERT(count == tlb.occupied());
    RC_ASSERT(tlb.conflict(va, tag) == (serving > 1));
    const Tlb::Hit hit = tlb.lookup(va, tag);
    RC_ASSERT(static_cast<bool>(hit) == (serving > 0));
    if (hit) RC_ASSERT((serves(*hit.entry, va, tag) && known(*hit.entry)));
  }

 private:
  static bool serves(const TlbEntry& e, Va va, Tag tag) {
    return va.aligned(e.size_lg2) == e.page && same_owner(e.tag, tag, e.global);
  }
  bool known(const TlbEntry& held) const {
    return std::any_of(list_.begin(), list_.end(), [&](const TlbEntry& e) {
      return e.page == held.page && e.frame == held.frame && e.size_lg2 == held.size_lg2 &&
             e.global == held.global && same_owner(e.tag, held.tag, e.global);
    });
  }
  std::vector<TlbEntry> list_;
};

}  // namespace

TEST_CASE("Tlb: fills, drops and invalidations agree with a list") {
  std::size_t occupied = 0;
  property("two arrays, three sizes, any policy", [&] {
    Tlb tlb({{{12, 14}, any_array()}, {{16}, any_array()}}, *rc::gen::arbitrary<std::uint64_t>());
    TlbList list;
    for (const Step& step : any_steps()) {
      list.apply(step, tlb);
      list.check(tlb, Va{step.address}, step.tag);
    }
    occupied += tlb.occupied();
  });
  CHECK(occupied > 100);
}

TEST_CASE("Stage2Tlb: fills, drops and invalidations agree with a list") {
  struct Held {
    Stage2Entry entry;
    Tag tag;
  };
  std::size_t hits = 0;
  property("any array", [&] {
    Stage2Tlb tlb(any_array(), *rc::gen::arbitrary<std::uint64_t>());
    std::vector<Held> list;
    for (const Step& step : any_steps()) {
      const Ipa ipa{step.address};
      Tag tag = step.tag;
      tag.space = 0;  // second-stage entries belong to none
      if (step.kind == Step::Kind::fill) {
        Stage2Entry made;
        made.size_lg2 = step.lg2;
        made.leaf_lg2 = 12;
        made.page = ipa.aligned(step.lg2);
        made.frame = Pa{step.value << step.lg2};
        made.word = step.value;
        std::erase_if(list, [&](const Held& h) {
          return h.tag == tag && h.entry.page == made.page && h.entry.size_lg2 == made.size_lg2;
        });
        list.push_back({made, tag});
        tlb.fill(made, tag);
      } else if (step.kind == Step::Kind::drop) {
        std::erase_if(list, [&](const Held& h) {
          return h.tag == tag && ipa.aligned(h.entry.size_lg2) == h.entry.page;
        });
        tlb.drop(ipa, tag);
      } else if (step.kind == Step::Kind::invalidate) {
        Invalidation what = step.what;
        const std::size_t before = tlb.occupied(), removed = tlb.invalidate(what);
        RC_ASSERT(tlb.occupied() == before - removed);
        what.space.reset();
        std::erase_if(list, [&](const Held& h) {
          return what.selects(h.tag, false) &&
                 (!what.ipa || what.ipa->meets(h.entry.page.value, h.entry.size_lg2)) &&
                 (!what.size_lg2 || *what.size_lg2 == h.entry.leaf_lg2);
        });
      }
      const Stage2Entry* hit = tlb.lookup(ipa, tag);
      if (!hit) continue;
      ++hits;
      RC_ASSERT(ipa.aligned(hit->size_lg2) == hit->page);
      RC_ASSERT(std::any_of(list.begin(), list.end(), [&](const Held& h) {
        return h.tag == tag && h.entry.page == hit->page && h.entry.size_lg2 == hit->size_lg2 &&
               h.entry.word == hit->word && h.entry.frame == hit->frame;
      }));
    }
  });
  CHECK(hits > 1000);
}

TEST_CASE("WalkCache: fills and invalidations agree with a list") {
  constexpr unsigned span[] = {14, 16, 18};
  struct Held {
    std::uint8_t height;
    std::uint64_t prefix;
    Tag tag;
    std::uint64_t table;
  };
  std::size_t hits = 0;
  property("arrays for heights 0 and 2", [&] {
    WalkCache cache({{0, any_array()}, {2, any_array()}}, *rc::gen::arbitrary<std::uint64_t>());
    std::vector<Held> list;
    for (const Step& step : any_steps()) {
      const std::uint64_t prefix = step.address >> span[step.height];
      const auto is_this = [&](const Held& h) {
        return h.height == step.height && h.prefix == prefix && h.tag == step.tag;
      };
      if (step.kind == Step::Kind::fill) {
        std::erase_if(list, is_this);
        list.push_back({step.height, prefix, step.tag, step.value});
        cache.fill(step.height, step.address, span[step.height], step.tag,
                   {step.value, 7, std::nullopt});
      } else if (step.kind == Step::Kind::invalidate) {
        const Invalidation& what = step.what;
        const auto scope = what.stage1_walks;
        cache.invalidate(what, scope, what.va);
        std::erase_if(list, [&](const Held& h) {
          if (scope == Invalidation::Walks::none || !what.selects(h.tag, false)) return false;
          return scope == Invalidation::Walks::all || !what.va ||
                 what.va->meets(h.prefix << span[h.height], span[h.height]);
        });
      }
      const auto* hit = cache.lookup(step.height, step.address, span[step.height], step.tag);
      if (!hit) continue;
      ++hits;
      RC_ASSERT(step.height != 1);  // it has no array
      const auto held = std::find_if(list.begin(), list.end(), is_this);
      RC_ASSERT((held != list.end() && hit->table == held->table));
    }
  });
  CHECK(hits > 1000);
}
