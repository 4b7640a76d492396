// Software that pays what it owes: every edit of a table is followed by the invalidation that Linux
// and KVM issue. Then caches of any kind, over any two granules, never differ from a cold walk.
#include <map>

#include "property/property.h"
#include "unit/arm64/built.h"
#include "unit/arm64/cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

constexpr std::uint64_t tables_at = one(36);

struct Edit {
  enum class Kind : std::uint8_t { stage1, protect, stage2, access } kind = Kind::access;
  unsigned space = 0, page = 0, far = 0, target = 0;
  bool write = true;
};
std::ostream& operator<<(std::ostream& out, const Edit& e) {
  constexpr std::string_view names[] = {"stage 1: map or unmap", "stage 1: protect",
                                        "stage 2: map or unmap", "access"};
  return out << "\n  " << names[static_cast<unsigned>(e.kind)] << " ASID " << 7 + e.space
             << " page " << e.page << (e.far ? " far" : "") << " target " << e.target
             << (e.write ? " write" : " read");
}
rc::Gen<Edit> any_edit() {
  using K = Edit::Kind;
  return rc::gen::build<Edit>(
      rc::gen::set(&Edit::kind,
                   rc::gen::weightedElement<K>(
                       {{10, K::access}, {3, K::stage1}, {1, K::protect}, {3, K::stage2}})),
      rc::gen::set(&Edit::space, rc::gen::inRange(0u, 2u)),
      rc::gen::set(&Edit::page, rc::gen::inRange(0u, 6u)),
      rc::gen::set(&Edit::far, rc::gen::inRange(0u, 2u)),
      rc::gen::set(&Edit::target, rc::gen::inRange(0u, 6u)), rc::gen::set(&Edit::write));
}

TranslationSpec spec_of(Granule stage1, Granule stage2) {
  TranslationSpec spec;
  spec.stage1->granule = stage1;
  spec.stage2->granule = stage2;
  spec.features.bbm = 0;
  return spec;
}

class System {
 public:
  System(Granule stage1, Granule stage2, const WalkCachesSpec& caches)
      : b_(spec_of(stage1, stage2), tables_at),
        page1_(row(stage1).lg2),
        page2_(row(stage2).lg2),
        second_(build_guest_tables(*b_.engine, b_.guest_io)),
        caches_(caches, 0) {
    b_.engine->set_space_root(8, second_->root());
  }

  void apply(const Edit& edit) {
    const std::uint64_t va = va_of(edit), ipa = ipa_of(edit.target);
    PageTables& guest = edit.space ? *second_ : *b_.guest;
    switch (edit.kind) {
      case Edit::Kind::stage1:
        if (guest.unmap(va, b_.guest_io))
          issue("VALE1IS", va_operand(va, 7 + edit.space));
        else
          guest.map(va, align_down(ipa, page1_), page1_, {.write = edit.write}, b_.guest_io);
        break;
      case Edit::Kind::protect:
        if (guest.protect(va, {.write = edit.write}, b_.guest_io))
          issue("VALE1IS", va_operand(va, 7 + edit.space));
        break;
      case Edit::Kind::stage2:
        if (b_.host->unmap(ipa, b_.host_io)) {
          issue("IPAS2LE1IS", ipa_operand(ipa));
          issue("VMALLE1IS", 0);
        } else {
          const std::uint64_t pa = 0x80'0000'0000 + (std::uint64_t{edit.page} << page2_);
          b_.host->map(align_down(ipa, page2_), pa, page2_, {.write = edit.write}, b_.host_io);
        }
        break;
      case Edit::Kind::access:
        access(edit, va + 0x18);
        break;
    }
    b_.host_identity_of_tables(tables_at, page2_);
  }
  std::uint64_t agreed = 0;

 private:
  std::uint64_t va_of(const Edit& e) const {
    return std::uint64_t{e.page} << page1_ << (e.far ? 10 : 0);
  }
  std::uint64_t ipa_of(unsigned target) const {
    return 0x4000'0000 + (std::uint64_t{target} << std::max(page1_, page2_));
  }
  void issue(std::string_view name, std::uint64_t operand) {
    for (const Invalidation& what :
         tlbi(parse_tlbi(name).value(), operand, b_.engine->registers(), 2, b_.spec.features, {})
             .what) {
      tlb_.invalidate(what);
      caches_.invalidate(what);
    }
  }
  WalkReply through_caches(Va va, const Access& how) {
    const Tlb::Hit hit = tlb_.lookup(va, b_.engine->tag());
    if (hit && b_.engine->serves(hit.entry->attributes, how))
      return {.pa = hit.entry->translate(va)};
    tlb_.drop(va, b_.engine->tag());
    const WalkReply reply = b_.engine->walk(va, how, caches_, b_.port);
    if (!reply.fault) tlb_.fill(reply.entry, va);
    return reply;
  }
  void access(const Edit& edit, std::uint64_t va) {
    b_.engine->enter_space(static_cast<std::uint16_t>(7 + edit.space));
    const Access& how = edit.write ? store_el0 : load_el0;
    const WalkReply cold = b_.access(va, how);
    const WalkReply cached = through_caches(Va{va}, how);
    RC_ASSERT(cached.fault.cause == cold.fault.cause);
    RC_ASSERT(cached.fault.stage == cold.fault.stage);
    RC_ASSERT(cached.fault.height == cold.fault.height);
    RC_ASSERT(cached.fault.on_table_walk == cold.fault.on_table_walk);
    if (cold.fault) return;
    RC_ASSERT(cached.pa == cold.pa);
    ++agreed;
  }

  Built b_;
  unsigned page1_, page2_;
  std::unique_ptr<PageTables> second_;
  WalkCaches caches_;
  Tlb tlb_{small_tlb(), 0};
};

}  // namespace

TEST_CASE("TLBs and walk caches never give what a walk would not, once invalidations are paid") {
  std::uint64_t agreed = 0;
  property("two spaces, any two granules", [&](bool physical, bool stage1_tlb) {
    const std::vector<Granule> granules(std::begin(all_granules), std::end(all_granules));
    WalkCachesSpec caches = small_caches();
    caches.stage1_holds_physical = physical;
    if (stage1_tlb) caches.stage1_tlb = {{{12, 14, 16, 21}, {.entries = 16}}};
    System system(*rc::gen::elementOf(granules), *rc::gen::elementOf(granules), caches);
    for (const Edit& edit : *rc::gen::scale(4, rc::gen::container<std::vector<Edit>>(any_edit())))
      system.apply(edit);
    agreed += system.agreed;
  });
  CHECK(agreed > 500);
}
