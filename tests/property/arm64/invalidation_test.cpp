// Random TLBI sequences against the naive model: what must go is gone, and, as the model is strict,
// nothing else is (spec 1.9.2; T083 to T095 are rows of it).
#include "naive_tlbi.h"
#include "property/property.h"
#include "unit/arm64/cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

constexpr unsigned places = 16;  // one fact each, 2 MiB apart, so that none hides another

// One number a place decides its fact.
Fact fact_at(unsigned place, unsigned drawn, Regime el2_regime) {
  const auto bits_of = [&drawn](unsigned count) {
    const unsigned value = drawn % count;
    drawn /= count;
    return value;
  };
  Fact fact;
  fact.kind = static_cast<Fact::Kind>(bits_of(5));
  const bool stage2 = fact.kind == Fact::Kind::second_stage || fact.kind == Fact::Kind::stage2_walk;
  const bool leaf = fact.kind == Fact::Kind::final_entry || fact.kind == Fact::Kind::stage1_entry;
  const bool walk = fact.kind == Fact::Kind::stage1_walk || fact.kind == Fact::Kind::stage2_walk;
  fact.leaf_lg2 = walk || bits_of(2) ? 21 : 12;
  fact.lg2 = walk || bits_of(2) ? fact.leaf_lg2 : 12;
  fact.base =
      align_down((std::uint64_t{place} << 21) + (std::uint64_t{bits_of(512)} << 12), fact.lg2);
  fact.owner.vm = static_cast<std::uint16_t>(5 + bits_of(2));
  fact.owner.space = stage2 ? std::uint16_t{0} : static_cast<std::uint16_t>(1 + bits_of(2));
  fact.global = leaf && bits_of(3) == 0;
  if (!stage2 && bits_of(3) == 0) {
    fact.owner.regime = static_cast<std::uint16_t>(el2_regime);
    fact.owner.vm = 0;
    if (el2_regime == Regime::el2) {
      fact.owner.space = 0;
      fact.global = leaf;
    }
  }
  return fact;
}

// TLB, walk caches and stage-2 TLB, large enough to forget nothing.
struct Caches {
  static WalkCachesSpec spec() {
    WalkCachesSpec all;
    all.stage1 = all.stage2 = {{0, {.entries = 64}}};
    all.stage2_tlb = {.entries = 64};
    all.stage1_tlb = small_tlb();
    return all;
  }
  Tlb tlb{small_tlb(), 0};
  WalkCaches walks{spec(), 0};

  void fill(const Fact& f) {
    const auto lg2 = static_cast<std::uint8_t>(f.lg2), leaf = static_cast<std::uint8_t>(f.leaf_lg2);
    switch (f.kind) {
      case Fact::Kind::stage1_entry:
      case Fact::Kind::final_entry: {
        TlbEntry entry;
        entry.page = Va{f.base};
        entry.frame = Pa{f.base};
        entry.tag = f.owner;
        entry.size_lg2 = lg2;
        entry.leaf_lg2 = leaf;
        entry.global = f.global;
        (f.kind == Fact::Kind::final_entry ? tlb : walks.stage1_tlb).fill(entry, entry.page);
        break;
      }
      case Fact::Kind::stage1_walk:
        walks.stage1.fill(0, f.base, 21, f.owner, {});
        break;
      case Fact::Kind::stage2_walk:
        walks.stage2.fill(0, f.base, 21, f.owner, {});
        break;
      case Fact::Kind::second_stage:
        walks.stage2_tlb.fill({Ipa{f.base}, Pa{f.base}, lg2, leaf, 0, 0, 0}, f.owner);
        break;
    }
  }
  bool hold(const Fact& f) {
    switch (f.kind) {
      case Fact::Kind::final_entry:
        return static_cast<bool>(tlb.lookup(Va{f.base}, f.owner));
      case Fact::Kind::stage1_entry:
        return static_cast<bool>(walks.stage1_tlb.lookup(Va{f.base}, f.owner));
      case Fact::Kind::stage1_walk:
        return walks.stage1.lookup(0, f.base, 21, f.owner) != nullptr;
      case Fact::Kind::stage2_walk:
        return walks.stage2.lookup(0, f.base, 21, f.owner) != nullptr;
      case Fact::Kind::second_stage:
        return walks.stage2_tlb.lookup(Ipa{f.base}, f.owner) != nullptr;
    }
    return false;
  }
  void invalidate(const std::vector<Invalidation>& all) {
    for (const Invalidation& what : all) {
      tlb.invalidate(what);
      walks.invalidate(what);
    }
  }
};

// An address near one of the facts, or far off; any ASID of theirs; any hint.
rc::Gen<Tlbi> any_tlbi() {
  return rc::gen::build<Tlbi>(
      rc::gen::set(&Tlbi::kind, rc::gen::elementOf(all_tlbi_kinds())),
      rc::gen::set(&Tlbi::asid, rc::gen::inRange<std::uint16_t>(1, 3)),
      rc::gen::set(&Tlbi::address,
                   rc::gen::map(rc::gen::inRange<std::uint64_t>(0, (places + 1) * 512),
                                [](std::uint64_t page) { return page << 12; })),
      rc::gen::set(&Tlbi::ttl, rc::gen::weightedOneOf<unsigned>({{1, rc::gen::just(0u)},
                                                                 {1, rc::gen::inRange(4u, 8u)},
                                                                 {1, rc::gen::inRange(0u, 16u)}})),
      rc::gen::set(&Tlbi::tg, rc::gen::inRange(0u, 4u)),
      rc::gen::set(&Tlbi::scale, rc::gen::inRange(0u, 3u)),
      rc::gen::set(&Tlbi::num, rc::gen::inRange(0u, 32u)),
      rc::gen::set(&Tlbi::range_level, rc::gen::inRange(0u, 4u)));
}

}  // namespace

TEST_CASE("spec 1.9.2: random invalidations remove exactly what the table says") {
  std::size_t gone = 0, kept = 0;
  property("facts, then TLBIs", [&](bool e2h) {
    const Regime el2_regime = e2h ? Regime::el2_0 : Regime::el2;
    const auto drawn = *rc::gen::container<std::vector<unsigned>>(
        places, rc::gen::resize(100, rc::gen::arbitrary<unsigned>()));
    const auto sequence = *rc::gen::container<std::vector<Tlbi>>(any_tlbi());
    EnvB e;
    if (e2h) e.regs.hcr_el2 |= one(34);
    Caches caches;
    std::vector<Fact> facts;
    for (unsigned place = 0; place < places; ++place) {
      facts.push_back(fact_at(place, drawn[place], el2_regime));
      caches.fill(facts.back());
    }
    for (const Tlbi& op : sequence) {
      caches.invalidate(
          tlbi({op.kind, op.scope, op.nxs}, op.operand(), e.regs, 2, e.features, e.knobs).what);
      std::erase_if(facts, [&](const Fact& fact) {
        const bool goes = must_go(fact, op, 5, el2_regime);
        if (caches.hold(fact) == goes) {
          RC_LOG() << op << (goes ? " left " : " took ") << fact << "\n";
          RC_FAIL("not what the table says");
        }
        (goes ? gone : kept) += 1;
        return goes;
      });
    }
  });
  CHECK(gone > 1000);
  CHECK(kept > 10000);
}

TEST_CASE("spec 1.9.2: a relaxed implementation removes at least what the table says") {
  property("facts, then one TLBI", [](const std::vector<unsigned>& drawn) {
    const Tlbi op = *any_tlbi();
    EnvB e;
    e.knobs.tlbi_strict = e.knobs.wrong_ttl_keeps = false;
    Caches caches;
    std::vector<Fact> facts;
    for (unsigned place = 0; place < std::min<std::size_t>(places, drawn.size()); ++place) {
      facts.push_back(fact_at(place, drawn[place], Regime::el2));
      caches.fill(facts.back());
    }
    caches.invalidate(
        tlbi({op.kind, op.scope, op.nxs}, op.operand(), e.regs, 2, e.features, e.knobs).what);
    for (const Fact& fact : facts)
      if (must_go(fact, op, 5, Regime::el2)) RC_ASSERT_FALSE(caches.hold(fact));
  });
}
