// Encode and decode: what software writes into a descriptor is what hardware reads, for every shape
// of tables of both stages (spec 1.1, 1.2). Fields are read off the manual's bit numbers here.
#include "property/property.h"
#include "settings.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

// How the registers want descriptors to be read, besides their shape.
struct Reading {
  bool big_endian, managed, one_privilege, xnx, fwb;
};
Reading any_reading() {
  return {*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
          *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
}
MapRights any_rights() {
  MapRights r;
  r.read = *rc::gen::arbitrary<bool>();
  r.write = *rc::gen::arbitrary<bool>();
  r.execute = *rc::gen::arbitrary<bool>();
  r.user = *rc::gen::arbitrary<bool>();
  r.accessed = *rc::gen::arbitrary<bool>();
  r.dirty = *rc::gen::arbitrary<bool>();
  r.global = *rc::gen::arbitrary<bool>();
  r.contiguous = *rc::gen::arbitrary<bool>();
  return r;
}

RootedGeometry read_as(const Setting& s, const Reading& reading) {
  RootedGeometry g = s.geometry();
  g.geometry.big_endian = reading.big_endian;
  return g;
}
Stage1Format stage1(const Setting& s, const Reading& reading) {
  Stage1Format::Controls c;
  c.tables = read_as(s, reading);
  c.ha = c.hd = reading.managed;
  c.one_privilege = reading.one_privilege;
  return Stage1Format(c);
}
Stage2Format stage2(const Setting& s, const Reading& reading) {
  Stage2Format::Controls c;
  c.tables = read_as(s, reading);
  c.ha = c.hd = reading.managed;
  c.xnx = reading.xnx;
  c.fwb = reading.fwb;
  return Stage2Format(c);
}

// A descriptor as the manual numbers its bits.
std::uint64_t as_numbered(std::uint64_t word, const Reading& reading) {
  return reading.big_endian ? __builtin_bswap64(word) : word;
}

// An output address that fits, aligned.
std::uint64_t any_output(const TableGeometry& g, unsigned lg2) {
  return align_down(*rc::gen::arbitrary<std::uint64_t>() & low_mask(g.output_bits), lg2);
}

// Leaves of `height` exist (spec 1.1): pages; 2M, 1G and, with DS, 512G; 32M, 64G with DS; 512M, 4T
// with 52-bit addresses.
bool leaf_exists(const Setting& s, int height) {
  const int most = (s.granule == Granule::k4 ? 2 : 1) + s.wide;
  return height <= most;
}
// Bytes of a contiguous run (spec 1.7), lg2; 0: the bit is ignored.
unsigned run_lg2(const Setting& s, int height) {
  constexpr unsigned runs[3][3] = {{16, 25, 34}, {21, 30, 0}, {21, 34, 0}};
  return height > 2 ? 0 : runs[static_cast<unsigned>(s.granule)][height];
}

// Rights as six bits, [2:0] privileged rwx, [5:3] unprivileged, by asking for each access.
template <class Format>
unsigned permitted(const Format& f, std::uint64_t word, int height) {
  unsigned rights = 0, position = 0;
  for (const bool user : {false, true})
    for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch}) {
      const Access access{.type = type, .user = user};
      if (f.permit({}, word, height, access).cause == FaultCause::none) rights |= 1u << position;
      ++position;
    }
  return rights;
}
unsigned rwx(bool r, bool w, bool x) { return unsigned{r} | unsigned{w} << 1 | unsigned{x} << 2; }

// Spec 1.2.1: what the rights that software asked for come to.
unsigned expected_stage1(const MapRights& r, const Reading& reading) {
  if (reading.one_privilege) return rwx(true, r.write, r.execute);
  return r.user ? rwx(true, r.write, false) | rwx(true, r.write, r.execute) << 3
                : rwx(true, r.write, r.execute);
}
unsigned expected_stage2(const MapRights& r) {
  return rwx(r.read, r.write, r.execute) | rwx(r.read, r.write, r.execute) << 3;
}

void check_stage1_bits(std::uint64_t d, const MapRights& r, const Reading& reading) {
  RC_ASSERT(bit(d, 11) == !r.global);
  const bool clean = reading.managed && r.write && !r.dirty;
  RC_ASSERT(bit(d, 7) == (!r.write || clean));                 // AP[2]
  if (!reading.one_privilege) RC_ASSERT(bit(d, 6) == r.user);  // AP[1]
}
void check_stage2_bits(std::uint64_t d, const MapRights& r, const Reading& reading) {
  const bool clean = reading.managed && r.write && !r.dirty;
  RC_ASSERT(bit(d, 6) == r.read);
  RC_ASSERT(bit(d, 7) == (r.write && !clean));
  RC_ASSERT(bits(d, 5, 2) == (reading.fwb ? 6u : 15u));  // Write-Back
}

template <class Format>
void check_table(const Setting& s, const Reading& reading, const Format& f) {
  if (f.root_height() == 0) return;
  const int height = *rc::gen::inRange(1, f.root_height() + 1);
  const std::uint64_t next = any_output(f.geometry(), s.page_lg2());
  const std::uint64_t word = f.make_table(typename Format::Out{next});
  const std::uint64_t d = as_numbered(word, reading);
  RC_ASSERT((d & 3) == 3u);
  RC_ASSERT(s.address_in(d, s.page_lg2()) == next);
  RC_ASSERT(d >> 59 == 0u);  // no rights taken from what is below
  const auto entry = f.decode(word, height);
  RC_ASSERT(entry.kind == EntryKind::table);
  RC_ASSERT(entry.out.value == next);
}

template <class Format>
void check_leaf(const Setting& s, const Reading& reading, const Format& f) {
  const int height = *rc::gen::inRange(0, f.root_height() + 1);
  RC_ASSERT(f.leaf_allowed(height) == leaf_exists(s, height));
  if (!f.leaf_allowed(height)) return;
  const MapRights rights = any_rights();
  const unsigned leaf = s.shift(level_of(height)), run = run_lg2(s, height);
  // A run beyond the space that is translated is none.
  const bool is_run = rights.contiguous && run && run <= s.bits;
  const std::uint64_t out = any_output(f.geometry(), is_run ? run : leaf);
  const std::uint64_t word = f.make_leaf(typename Format::Out{out}, height, rights);
  const std::uint64_t d = as_numbered(word, reading);
  RC_ASSERT((d & 3) == (height == 0 ? 3u : 1u));
  RC_ASSERT(s.address_in(d, leaf) == out);
  RC_ASSERT(bit(d, 10) == rights.accessed);
  RC_ASSERT(bit(d, 52) == rights.contiguous);
  RC_ASSERT(bit(d, 51) == (reading.managed && rights.write));
  const auto entry = f.decode(word, height);
  RC_ASSERT(entry.kind == EntryKind::leaf);
  RC_ASSERT(entry.out.value == out);
  RC_ASSERT(entry.size_lg2 == (is_run ? run : leaf));

  const Access write{.type = AccessType::write, .user = false};
  if (!rights.accessed && !reading.managed) {
    RC_ASSERT(f.permit({}, word, height, write).cause == FaultCause::access_flag);
    return;
  }
  if constexpr (std::is_same_v<Format, Stage1Format>) {
    check_stage1_bits(d, rights, reading);
    const unsigned mask = reading.one_privilege ? 7 : 63;
    RC_ASSERT((permitted(f, word, height) & mask) == expected_stage1(rights, reading));
    RC_ASSERT(f.is_global(word) == (rights.global || reading.one_privilege));
  } else {
    check_stage2_bits(d, rights, reading);
    RC_ASSERT(permitted(f, word, height) == expected_stage2(rights));
  }
  // Hardware's marks change flags only, and are not made twice.
  const std::uint64_t marked = f.mark_leaf(word, write);
  RC_ASSERT(f.mark_leaf(marked, write) == marked);
  RC_ASSERT(((as_numbered(marked, reading) ^ d) & ~(one(10) | one(7))) == 0u);
  RC_ASSERT(f.decode(marked, height).out.value == out);
}

template <class Format>
void check_any(const Setting& s, const Reading& reading, const Format& f) {
  const int height = *rc::gen::inRange(0, f.root_height() + 1);
  const std::uint64_t word = *rc::gen::arbitrary<std::uint64_t>();
  const std::uint64_t d = as_numbered(word, reading);
  const auto entry = f.decode(word, height);
  const bool table = height > 0 && (d & 3) == 3;
  const bool leaf = height == 0 ? (d & 3) == 3 : (d & 3) == 1 && leaf_exists(s, height);
  if (!table && !leaf) {
    RC_ASSERT(entry.kind == EntryKind::not_present);
    return;
  }
  RC_ASSERT((entry.kind == EntryKind::address_size || (entry.kind == EntryKind::table) == table));
  if (entry.kind == EntryKind::address_size) return;
  RC_ASSERT(entry.out.value >> f.geometry().output_bits == 0u);
  RC_ASSERT(
      entry.out.value ==
      s.address_in(d, table ? s.page_lg2() : std::max<unsigned>(entry.size_lg2, s.page_lg2())));
}

template <class Check>
void for_any_format(Check check) {
  const Setting s = *rc::gen::elementOf(all_settings());
  const Reading reading = any_reading();
  RC_LOG() << s << "\n";
  if (s.stage == 1)
    check(s, reading, stage1(s, reading));
  else
    check(s, reading, stage2(s, reading));
}

}  // namespace

TEST_CASE("spec 1.1: table descriptors, every granule, stage and height") {
  property("encode and decode",
           [] { for_any_format([](const auto&... all) { check_table(all...); }); });
}

TEST_CASE("spec 1.1, 1.2, 1.7: leaves: addresses, rights, flags, contiguous runs") {
  property("encode and decode",
           [] { for_any_format([](const auto&... all) { check_leaf(all...); }); });
}

TEST_CASE("spec 1.1: any descriptor means what its bits say, never beyond the output size") {
  property("decode", [] { for_any_format([](const auto&... all) { check_any(all...); }); });
}

// Spec 1.2.1, 1.2: S2AP and XN[1:0] of any descriptor, with and without FEAT_XNX.
TEST_CASE("spec 1.2.1: stage-2 rights of any bits") {
  property("S2AP and XN", [](std::uint64_t any) {
    Reading reading = any_reading();
    reading.managed = false;
    const Setting s{2, Granule::k4, false, 1, 40};
    const std::uint64_t d = (any & (field_mask(7, 6) | field_mask(54, 53))) | 0x403;
    const bool r = bit(d, 6), w = bit(d, 7), xn1 = bit(d, 54), xn0 = bit(d, 53);
    const bool el0 = !xn1, el1 = reading.xnx ? xn1 == xn0 : !xn1;
    RC_ASSERT(permitted(stage2(s, reading), as_numbered(d, reading), 0) ==
              (rwx(r, w, el1) | rwx(r, w, el0) << 3));
  });
}
