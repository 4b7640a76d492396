// The build API: specs to engines and tables, and specs that are refused.
#include "built.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

TranslationSpec with_stage2(Granule granule, unsigned ipa_bits, std::optional<int> level = {}) {
  TranslationSpec spec;
  spec.stage2->granule = granule;
  spec.stage2->ipa_bits = ipa_bits;
  spec.stage2->start_level = level;
  return spec;
}

}  // namespace

TEST_CASE("as few stage-2 levels as concatenation allows (spec 2.5)") {
  struct Row {
    unsigned ipa_bits, k4, k16, k64;
  };
  constexpr Row rows[] = {{32, 2, 2, 1}, {36, 3, 2, 2}, {40, 3, 2, 2}, {42, 3, 3, 2},
                          {43, 3, 3, 2}, {44, 4, 3, 2}, {48, 4, 3, 3}};
  for (const Row& r : rows) {
    CHECK(build_engine(with_stage2(Granule::k4, r.ipa_bits))->shape().stage2_levels == r.k4);
    CHECK(build_engine(with_stage2(Granule::k16, r.ipa_bits))->shape().stage2_levels == r.k16);
    CHECK(build_engine(with_stage2(Granule::k64, r.ipa_bits))->shape().stage2_levels == r.k64);
  }
}

TEST_CASE("illegal specs are named") {
  CHECK(why_illegal(with_stage2(Granule::k4, 40, 1)).empty());
  CHECK_FALSE(why_illegal(with_stage2(Granule::k4, 44, 1)).empty());
  CHECK_FALSE(why_illegal(with_stage2(Granule::k16, 48, 0)).empty());
  CHECK_FALSE(why_illegal(with_stage2(Granule::k4, 52)).empty());  // PAMax is 48
  CHECK_FALSE(why_illegal(with_stage2(Granule::k4, 40, 7)).empty());
  TranslationSpec wide;
  wide.stage1->va_bits = 52;
  CHECK_FALSE(why_illegal(wide).empty());
  wide.features = Features::all();
  CHECK(why_illegal(wide).empty());
  TranslationSpec missing;
  missing.features.stage1_granules[1] = false;
  missing.stage1->granule = Granule::k16;
  CHECK_FALSE(why_illegal(missing).empty());
}

TEST_CASE("spaces: each has its root and its ASID") {
  TranslationSpec spec;
  spec.stage2.reset();
  Built b(spec);
  const auto other = build_guest_tables(*b.engine, b.guest_io);
  b.engine->set_space_root(0xffff, other->root());
  b.guest->map(0x1000, 0x8000'0000, 12, {}, b.guest_io);
  other->map(0x1000, 0x9000'0000, 12, {}, b.guest_io);
  CHECK(b.access(0x1000).pa == Pa{0x8000'0000});
  CHECK(b.access(0x1000).entry.tag.space == 7);
  b.engine->enter_space(0xffff);
  CHECK(b.access(0x1000).pa == Pa{0x9000'0000});
  CHECK(b.engine->tag().space == 0xffff);
  // A TLB keeps the spaces apart, 0xffff included.
  Tlb tlb({{{12}, {.entries = 8}}}, 0);
  tlb.fill(b.access(0x1000).entry, Va{0x1000});
  b.engine->enter_space(7);
  CHECK_FALSE(tlb.lookup(Va{0x1000}, b.engine->tag()));
}

TEST_CASE("rights of MapRights reach the hardware, both stages") {
  for (unsigned n = 0; n < 16; ++n) {
    const MapRights rights{
        .read = true, .write = (n & 1) != 0, .execute = (n & 2) != 0, .user = (n & 4) != 0};
    const bool host_side = n & 8;
    Built b({});
    b.guest->map(0, 0x8000'0000, 12, host_side ? MapRights{} : rights, b.guest_io);
    b.host_identity_of_tables(0x4000'0000, 12);
    b.host->map(0x8000'0000, 0x8000'0000, 12, host_side ? rights : MapRights{}, b.host_io);
    const bool user = host_side || rights.user;
    CHECK(!b.access(0, load_el0).fault == user);
    CHECK(!b.access(0, store_el0).fault == (user && rights.write));
    CHECK(!b.access(0, fetch_el0).fault == (user && rights.execute));
    CHECK_FALSE(b.access(0, load).fault);
  }
}

TEST_CASE("hardware access flag and dirty state through the build API") {
  TranslationSpec spec;
  spec.stage1->hardware_access_flag = spec.stage1->hardware_dirty = true;
  spec.stage2->hardware_access_flag = spec.stage2->hardware_dirty = true;
  Built b(spec);
  const MapRights fresh{.accessed = false};
  b.guest->map(0, 0x8000'0000, 12, fresh, b.guest_io);
  b.host_identity_of_tables(0x4000'0000, 12);
  b.host->map(0x8000'0000, 0x8000'0000, 12, fresh, b.host_io);
  b.port.updates = 0;
  CHECK_FALSE(b.access(0, load_el0).fault);
  CHECK(b.port.updates >= 2);
  CHECK_FALSE(b.access(0, store_el0).fault);
  CHECK(bit(b.guest->lookup(0, b.guest_io)->word, 7) == false);
  CHECK(bit(b.host->lookup(0x8000'0000, b.host_io)->word, 7) == true);
  b.port.updates = 0;
  CHECK_FALSE(b.access(0, store_el0).fault);
  CHECK(b.port.updates == 0);
}

TEST_CASE("a contiguous run made through the build API is one entry") {
  TranslationSpec spec;
  spec.stage2.reset();
  Built b(spec);
  for (std::uint64_t at = 0; at < 64 * KiB; at += 4 * KiB)
    b.guest->map(at, 0x8000'0000 + at, 12, {.contiguous = true}, b.guest_io);
  CHECK(b.access(0x9123).entry.size_lg2 == 16);
  CHECK(b.guest->lookup(0x9000, b.guest_io)->out == 0x8000'9000);
  CHECK(b.guest->protect(0x9000, {.write = false, .contiguous = true}, b.guest_io)->out ==
        0x8000'9000);
  CHECK(b.access(0x9123).pa == Pa{0x8000'9123});
  CHECK(b.access(0x9123, store_el0).fault.cause == FaultCause::permission);
}

TEST_CASE("names of levels and the text of a fault") {
  Built b({});
  CHECK(b.engine->level_name(1, 3) == "stage 1 level 0");
  CHECK(b.engine->level_name(2, 0) == "stage 2 level 3");
  const WalkReply reply = b.access(0x5000);
  CHECK(b.engine->describe(reply.fault, Va{0x5000}, load_el0) ==
        "stage 2 Translation fault, level 1, on a stage-1 table walk, to EL2: ESR 0x92000085, "
        "HPFAR 0x400000");
}
