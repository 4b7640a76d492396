// what is encoded decodes to the same, and what decodes
// encodes to the same, in every format, at every height, for every MAXPHYADDR from 36 to 52.
#include "property/property.h"
#include "property/x86/formats.h"

namespace nestwalk::x86::test {
namespace {

rc::Gen<FormatChoice> choice() {
  return rc::gen::build<FormatChoice>(
      rc::gen::set(&FormatChoice::nxe), rc::gen::set(&FormatChoice::pse),
      rc::gen::set(&FormatChoice::gib_pages), rc::gen::set(&FormatChoice::amd),
      rc::gen::set(&FormatChoice::pse36_address_bits, rc::gen::element(32u, 36u, 40u)),
      rc::gen::set(&FormatChoice::ept_accessed_dirty),
      rc::gen::set(&FormatChoice::mode_based_execute), rc::gen::set(&FormatChoice::execute_only));
}
// All 64 bits, however small the case.
rc::Gen<std::uint64_t> word() { return rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()); }

// use(format, geometry, h) says what is wrong; nothing: all is well.
template <class Use>
void for_every_height(const FormatChoice& drawn, Use use) {
  for (unsigned m = 36; m <= 52; ++m)
    for_each_format(drawn, m, [&](const auto& format, const Geometry& geometry) {
      for (int h = 0; h < geometry.levels; ++h) {
        const std::string mistake = use(format, geometry, h);
        if (!mistake.empty())
          RC_FAIL(geometry.name + ", M = " + std::to_string(m) + ", height " + std::to_string(h) +
                  ": " + mistake);
      }
    });
}

bool is_ept(const Geometry& geometry) { return geometry.name == "EPT"; }

// Where leaves may stand.
bool leaf_stands(const FormatChoice& drawn, const Geometry& geometry, int h) {
  if (h == 0) return true;
  if (geometry.four_byte()) return drawn.pse;
  return h == 1 || (h == 2 && geometry.input_bits > 32 && (drawn.gib_pages || is_ept(geometry)));
}

template <class Format>
std::uint64_t table_word(const Format& format, std::uint64_t next, int h) {
  using Out = typename Format::Out;
  if constexpr (requires { format.make_table(Out{}, h); })
    return format.make_table(Out{next}, h);
  else
    return format.make_table(Out{next});
}

// Leaf bits that stand for rights and flags.
std::uint64_t expected_flags(const FormatChoice& drawn, const Geometry& geometry, int h,
                             const MapRights& r) {
  const auto flag = [](bool set, unsigned position) { return std::uint64_t{set} << position; };
  const std::uint64_t page_size = flag(h > 0, 7);
  if (is_ept(geometry)) {
    const bool flags = drawn.ept_accessed_dirty;
    return flag(r.read, 0) | flag(r.write, 1) | flag(r.execute, 2) | 6u << 3 | page_size |
           flag(flags && r.accessed, 8) | flag(flags && r.dirty, 9) | flag(r.execute && r.user, 10);
  }
  const bool xd = !geometry.four_byte() && drawn.nxe && !r.execute;
  return 1u | flag(r.write, 1) | flag(r.user, 2) | flag(r.accessed, 5) | flag(r.dirty, 6) |
         page_size | flag(r.global, 8) | flag(xd, 63);
}

// Address bits of an entry, and the address that they name.
std::uint64_t address_mask(const Geometry& geometry, int h, bool leaf) {
  const bool four_mib = geometry.four_byte() && leaf && h == 1;
  if (four_mib) return field_mask(31, 22) | field_mask(geometry.large_page_reach - 20, 13);
  return field_mask(geometry.reach(h, leaf) - 1, leaf ? geometry.shift(h) : 12);
}
std::uint64_t address_of(const Geometry& geometry, int h, bool leaf, std::uint64_t entry) {
  const std::uint64_t address = entry & address_mask(geometry, h, leaf);
  if (!(geometry.four_byte() && leaf && h == 1)) return address;
  return (address & field_mask(31, 22)) | (address & field_mask(20, 13)) << 19;
}

}  // namespace

TEST_CASE("A-2 to A-6: a leaf decodes to the address, size and rights that it was made of") {
  nestwalk::test::property("leaves", [] {
    const FormatChoice drawn = *choice();
    const std::uint64_t anywhere = *word();
    MapRights rights;
    rights.write = *rc::gen::arbitrary<bool>();
    rights.execute = *rc::gen::arbitrary<bool>();
    rights.user = *rc::gen::arbitrary<bool>();
    rights.accessed = *rc::gen::arbitrary<bool>();
    rights.dirty = *rc::gen::arbitrary<bool>();
    rights.global = *rc::gen::arbitrary<bool>();
    for_every_height(drawn, [&](const auto& format, const Geometry& g, int h) -> std::string {
      using Format = std::decay_t<decltype(format)>;
      if (format.leaf_allowed(h) != leaf_stands(drawn, g, h)) return "leaf_allowed()";
      if (!format.leaf_allowed(h)) return {};
      if (format.leaf_lg2(h) != g.shift(h)) return "leaf_lg2()";
      using Out = typename Format::Out;
      const std::uint64_t out = anywhere & field_mask(g.reach(h, true) - 1, g.shift(h));
      const std::uint64_t leaf = format.make_leaf(Out{out}, h, rights);
      if (g.four_byte() && leaf >> 32) return "wider than its entry";
      if ((leaf & ~address_mask(g, h, true)) != expected_flags(drawn, g, h, rights)) return "flags";
      const auto entry = format.decode(leaf, h);
      if (entry.kind != EntryKind::leaf) return "not a leaf";
      if (entry.out != Out{out}) return "another address";
      if (entry.size_lg2 != g.shift(h)) return "another size";
      const Access write{AccessType::write, true};
      MapRights marked = rights;
      if (!is_ept(g) || drawn.ept_accessed_dirty) marked.accessed = marked.dirty = true;
      if (format.mark_leaf(leaf, write) != format.make_leaf(Out{out}, h, marked)) return "marking";
      return {};
    });
  });
}

TEST_CASE("A-2 to A-6: a table entry decodes to the table that it was made of, with all rights") {
  nestwalk::test::property("table entries", [] {
    const FormatChoice drawn = *choice();
    const std::uint64_t anywhere = *word();
    for_every_height(drawn, [&](const auto& format, const Geometry& g, int h) -> std::string {
      using Out = typename std::decay_t<decltype(format)>::Out;
      if (h == 0) return {};
      const std::uint64_t next = anywhere & field_mask(g.reach(h, false) - 1, 12);
      const std::uint64_t made = table_word(format, next, h);
      const auto entry = format.decode(made, h);
      if (entry.kind != EntryKind::table) return "not a table";
      if (entry.out != Out{next}) return "another address";
      using In = typename std::decay_t<decltype(format)>::In;
      auto path = format.root(In{0}, {}).at.path;
      if (h < g.levels - 1) path = {};  // it says when it is above PAE's first table
      if (format.descend(path, made).rights != path.rights) return "rights lost";
      return {};
    });
  });
}

// Words of any kind, most of them without high bits, as these are reserved.
TEST_CASE("A-11 to A-19 A-44 to A-46: whatever decodes to an address holds it, and nothing else") {
  std::uint64_t leaves = 0, tables = 0, malformed = 0;
  nestwalk::test::property("random words", [&] {
    const FormatChoice drawn = *choice();
    const std::uint64_t mask = *rc::gen::element(
        ~std::uint64_t{0}, ~field_mask(51, 36), ~(field_mask(62, 36) | field_mask(20, 12)),
        ~(field_mask(63, 36) | field_mask(29, 12) | field_mask(8, 3)));
    const std::uint64_t drawn_word = (*word() & mask) | 1;
    for_every_height(drawn, [&](const auto& format, const Geometry& g, int h) -> std::string {
      using Out = typename std::decay_t<decltype(format)>::Out;
      const std::uint64_t entry_word = g.four_byte() ? drawn_word & low_mask(32) : drawn_word;
      const auto entry = format.decode(entry_word, h);
      if (entry.kind == EntryKind::not_present) return "not present";
      if (entry.kind == EntryKind::malformed) {
        ++malformed;
        return {};
      }
      const bool leaf = entry.kind == EntryKind::leaf;
      ++(leaf ? leaves : tables);
      const bool wants_leaf = h == 0 || (bit(entry_word, 7) && leaf_stands(drawn, g, h));
      if (leaf != wants_leaf) return "kind";
      if (entry.out != Out{address_of(g, h, leaf, entry_word)}) return "address";
      // No bit between the address and bit 51 is ignored.
      if (!g.four_byte() && (entry_word & field_mask(51, g.maxphyaddr))) return "bits above M";
      // Another bit of the address gives another address.
      for (unsigned position = 12; position < (g.four_byte() ? 32 : 52); ++position) {
        const std::uint64_t other = entry_word ^ one(position);
        const auto changed = format.decode(other, h);
        if (!(address_mask(g, h, leaf) & one(position))) continue;
        if (changed.kind != entry.kind || changed.out == entry.out) return "an address bit is lost";
      }
      return {};
    });
  });
  CHECK(leaves > 1000);
  CHECK(tables > 1000);
  CHECK(malformed > 1000);
}

}  // namespace nestwalk::x86::test
