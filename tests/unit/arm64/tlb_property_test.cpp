// Properties over random tables, accesses and invalidations (seeded).
#include "arm64/tlbi_operand.h"
#include "built.h"
#include "common/base/random.h"
#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

// One entry of the naive model of what TLBs and walk caches hold.
struct Held {
  enum class Kind : std::uint8_t { combined, stage1_walk, nested, stage2_walk } kind;
  std::uint64_t base;
  unsigned size_lg2, leaf_lg2;
  Tag tag;
  bool global;
};

bool overlaps(std::uint64_t base, unsigned lg2, std::uint64_t first, std::uint64_t last) {
  return base <= last && base + low_mask(lg2) >= first;
}

// Spec 1.9.2, read row by row: must this entry go?
bool must_go(const Held& h, TlbiKind kind, std::uint64_t operand, std::uint16_t vmid,
             const Features& features) {
  using K = TlbiKind;
  const bool stage1 = h.kind == Held::Kind::combined || h.kind == Held::Kind::stage1_walk;
  const bool walk = h.kind == Held::Kind::stage1_walk || h.kind == Held::Kind::stage2_walk;
  if (h.tag.regime != 0) return false;
  if (kind == K::alle1) return true;
  if (kind == K::alle2 || kind == K::vae2 || kind == K::vale2 || kind == K::rvae2 ||
      kind == K::rvale2)
    return false;
  if (h.tag.vm != vmid) return false;
  if (kind == K::vmalls12e1) return true;
  if (kind == K::vmalle1) return stage1;
  const auto asid = static_cast<std::uint16_t>(operand >> 48);
  if (kind == K::aside1) return stage1 && !h.global && h.tag.space == asid;

  const bool ipa =
      kind == K::ipas2e1 || kind == K::ipas2le1 || kind == K::ripas2e1 || kind == K::ripas2le1;
  const bool last_only = kind == K::vale1 || kind == K::vaale1 || kind == K::ipas2le1 ||
                         kind == K::rvale1 || kind == K::rvaale1 || kind == K::ripas2le1;
  const bool any_asid =
      kind == K::vaae1 || kind == K::vaale1 || kind == K::rvaae1 || kind == K::rvaale1;
  if (ipa == stage1 || (walk && last_only)) return false;
  if (!ipa && !any_asid && !h.global && h.tag.space != asid) return false;
  TlbiTarget target;
  if (is_range(kind)) {
    const auto range = range_operand(operand, !ipa, false, features);
    if (!range) return false;
    target = *range;
  } else {
    target = address_operand(operand, !ipa, false, features);
  }
  if (!walk && target.leaf_lg2 && *target.leaf_lg2 != h.leaf_lg2) return false;
  const unsigned reach = std::max(h.size_lg2, h.leaf_lg2);
  return overlaps(align_down(h.base, reach), reach, target.range.first, target.range.last);
}

bool still_there(Cpu& cpu, const Held& h) {
  switch (h.kind) {
    case Held::Kind::combined: {
      bool found = false;
      cpu.tlb.for_each([&](const TlbEntry& e) {
        found |= e.page.value == h.base && e.tag == h.tag && e.size_lg2 == h.size_lg2;
      });
      return found;
    }
    case Held::Kind::stage1_walk:
      return cpu.caches.stage1.lookup(0, h.base, 21, h.tag) != nullptr;
    case Held::Kind::stage2_walk:
      return cpu.caches.stage2.lookup(0, h.base, 21, h.tag) != nullptr;
    case Held::Kind::nested: {
      const NestedEntry* e = cpu.caches.nested.lookup(Ipa{h.base}, h.tag);
      return e && e->page.value == h.base && e->size_lg2 == h.size_lg2;
    }
  }
  return false;
}

void fill(Cpu& cpu, const Held& h) {
  switch (h.kind) {
    case Held::Kind::combined: {
      TlbEntry e;
      e.page = Va{h.base};
      e.frame = Pa{h.base};
      e.tag = h.tag;
      e.size_lg2 = static_cast<std::uint8_t>(h.size_lg2);
      e.leaf_lg2 = static_cast<std::uint8_t>(h.leaf_lg2);
      e.global = h.global;
      cpu.tlb.fill(e, e.page);
      break;
    }
    case Held::Kind::stage1_walk:
      cpu.caches.stage1.fill(0, h.base, 21, h.tag, {});
      break;
    case Held::Kind::stage2_walk:
      cpu.caches.stage2.fill(0, h.base, 21, h.tag, {});
      break;
    case Held::Kind::nested:
      cpu.caches.nested.fill({Ipa{h.base}, Pa{h.base}, static_cast<std::uint8_t>(h.size_lg2),
                              static_cast<std::uint8_t>(h.leaf_lg2), 0, 0, 0},
                             h.tag);
      break;
  }
}

// Random entries at places of their own, so that none evicts or hides another.
std::vector<Held> random_entries(Random& random, Cpu& cpu) {
  std::vector<Held> entries;
  for (std::uint64_t place = 0; place < 24; ++place) {
    Held h;
    h.kind = static_cast<Held::Kind>(random.below(4));
    const bool stage2 = h.kind == Held::Kind::nested || h.kind == Held::Kind::stage2_walk;
    const bool walk = h.kind == Held::Kind::stage1_walk || h.kind == Held::Kind::stage2_walk;
    h.leaf_lg2 = walk ? 21 : random.below(2) ? 21 : 12;
    h.size_lg2 = walk ? 21 : random.below(2) ? h.leaf_lg2 : 12;
    h.base = align_down((place << 21) + (random.below(512) << 12), h.size_lg2);
    h.tag.vm = static_cast<std::uint16_t>(5 + random.below(2));
    h.tag.space = stage2 ? 0 : static_cast<std::uint16_t>(1 + random.below(2));
    h.global = h.kind == Held::Kind::combined && random.below(3) == 0;
    fill(cpu, h);
    entries.push_back(h);
  }
  return entries;
}

std::uint64_t random_operand(Random& random, TlbiKind kind, const std::vector<Held>& entries) {
  const std::uint64_t at =
      entries[random.below(entries.size())].base + (random.below(4) ? 0 : random.below(1024) << 12);
  const std::uint64_t asid = (1 + random.below(2)) << 48;
  if (!is_range(kind))
    return asid | bits(at, 43 + 12, 12) | (random.below(2) ? random.below(16) << 44 : 0);
  return asid | random.below(4) << 46 | random.below(2) << 44 | random.below(32) << 39 |
         (random.below(2) ? random.below(4) << 37 : 0) | bits(at, 36 + 12, 12);
}

}  // namespace

TEST_CASE("random invalidations remove exactly what a naive reading of the table says") {
  Random random(20261121);
  const std::vector<TlbiKind> kinds = all_tlbi_kinds();
  std::size_t gone = 0, kept = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    EnvB e;
    WalkCachesSpec spec;
    spec.stage1 = spec.stage2 = {{0, {.entries = 64}}};
    spec.nested_tlb = {.entries = 64};
    Cpu cpu(e, spec);
    std::vector<Held> entries = random_entries(random, cpu);
    for (unsigned i = 0; i < 4; ++i) {
      const TlbiKind kind = kinds[random.below(kinds.size())];
      const std::uint64_t operand = random_operand(random, kind, entries);
      cpu.invalidate(tlbi({kind}, operand, e.regs, 2, e.features, e.knobs));
      std::erase_if(entries, [&](const Held& h) {
        const bool goes = must_go(h, kind, operand, 5, e.features);
        INFO(name(TlbiOperation{kind}), " operand ", operand, " base ", h.base, " kind ",
             static_cast<int>(h.kind), " leaf ", h.leaf_lg2);
        CHECK(still_there(cpu, h) != goes);
        (goes ? gone : kept) += 1;
        return goes;
      });
      if (entries.empty()) break;
    }
  }
  CHECK(gone > 10000);
  CHECK(kept > 10000);
}

// Two spaces under one hypervisor; random edits of both stages, each followed by the invalidation
// that it owes. Whatever the caches hold, an access gives what a cold walk of the tables gives.
TEST_CASE("TLBs and walk caches never give what a walk would not, once invalidations are paid") {
  for (const bool physical : {true, false})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      Random random(seed);
      TranslationSpec spec;
      spec.stage1->granule = all_granules[seed % 3];
      spec.stage2->granule = all_granules[(seed / 2) % 3];
      spec.features.bbm = 0;
      Built b(spec, std::uint64_t{1} << 36);
      const unsigned page1 = row(spec.stage1->granule).lg2, page2 = row(spec.stage2->granule).lg2;
      const std::unique_ptr<PageTables> second = build_guest_tables(*b.engine, b.guest_io);
      b.engine->set_space_root(8, second->root());
      PageTables* const guests[] = {b.guest.get(), second.get()};

      WalkCachesSpec caches_spec = small_caches();
      caches_spec.stage1_holds_physical = physical;
      WalkCaches caches(caches_spec, seed);
      Tlb tlb(small_tlb(), seed);
      const auto invalidate = [&](std::string_view op, std::uint64_t operand) {
        for (const Invalidation& what :
             tlbi(parse_tlbi(op).value(), operand, b.engine->registers(), 2, spec.features, {})
                 .what) {
          tlb.invalidate(what);
          caches.invalidate(what);
        }
      };
      std::uint64_t agreed = 0;
      for (unsigned step = 0; step < 4000; ++step) {
        const unsigned space = static_cast<unsigned>(random.below(2));
        const std::uint64_t va = random.below(24) << page1 << (random.below(3) ? 0 : 9);
        const std::uint64_t ipa = (random.below(24) << std::max(page1, page2)) + 0x4000'0000;
        b.host_identity_of_tables(std::uint64_t{1} << 36, page2);
        switch (random.below(8)) {
          case 0: {  // map or unmap at stage 1
            if (guests[space]->lookup(va, b.guest_io)) {
              const Mapping gone = guests[space]->unmap(va, b.guest_io).value();
              invalidate("VALE1IS", va_operand(gone.in, 7 + space));
            } else {
              guests[space]->map(align_down(va, page1), align_down(ipa, page1), page1,
                                 {.write = random.below(2) != 0}, b.guest_io);
            }
            break;
          }
          case 1: {  // map or unmap at stage 2
            if (b.host->lookup(ipa, b.host_io)) {
              const Mapping gone = b.host->unmap(ipa, b.host_io).value();
              invalidate("IPAS2LE1IS", ipa_operand(gone.in));
              invalidate("VMALLE1IS", 0);
            } else {
              const std::uint64_t pa = 0x8000'0000 + (random.below(64) << page2);
              b.host->map(align_down(ipa, page2), pa, page2, {.write = random.below(2) != 0},
                          b.host_io);
            }
            break;
          }
          case 2:  // fewer or more rights at stage 1
            if (guests[space]->protect(va, {.write = random.below(2) != 0}, b.guest_io))
              invalidate("VALE1IS", va_operand(va, 7 + space));
            break;
          default: {
            b.engine->enter_space(static_cast<std::uint16_t>(7 + space));
            const Access how = random.below(2) ? load_el0 : store_el0;
            const WalkReply cold = b.access(va + 0x18, how);
            WalkReply cached;
            const Tlb::Hit hit = tlb.lookup(Va{va + 0x18}, b.engine->tag());
            if (hit && b.engine->serves(hit.entry->attributes, how)) {
              cached.pa = hit.entry->translate(Va{va + 0x18});
            } else {
              tlb.drop(Va{va + 0x18}, b.engine->tag());
              cached = b.engine->walk(Va{va + 0x18}, how, caches, b.port);
              if (!cached.fault) tlb.fill(cached.entry, Va{va + 0x18});
            }
            CHECK(cached.fault.cause == cold.fault.cause);
            CHECK(cached.fault.stage == cold.fault.stage);
            CHECK(cached.fault.height == cold.fault.height);
            if (!cold.fault) {
              CHECK(cached.pa == cold.pa);
              ++agreed;
            }
          }
        }
      }
      CHECK(agreed > 100);
    }
}
