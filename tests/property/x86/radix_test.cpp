// tables cover every input address exactly once. The indices of a walk put together are
// the input address; two inputs share an entry if and only if they agree above what it covers; and
// tables with random pages in them translate these and nothing else.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "common/paging/edited_tables.h"
#include "common/paging/walk.h"
#include "property/property.h"
#include "property/x86/formats.h"

namespace nestwalk::x86::test {
namespace {

rc::Gen<std::uint64_t> word() { return rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()); }

template <class Use>
void for_every_format(Use use) {
  for_each_format({}, 46, [&](const auto& format, const Geometry& geometry) {
    const std::string mistake = use(format, geometry);
    if (!mistake.empty()) RC_FAIL(geometry.name + ": " + mistake);
  });
}

// The number of the entry that `in` selects in a table of height h.
template <class Format>
std::uint64_t index_of(const Format& format, std::uint64_t in, int h) {
  constexpr std::uint64_t table = 0x10000;
  using Out = typename Format::Out;
  const Out at = format.entry_address(Out{table}, typename Format::In{in}, h);
  return (at.value - table) / format.entry_bytes();
}

// Which of the four PDPTEs in registers an address selects; 0 where there are none. The
// registers of for_each_format() name tables 1 to 4.
template <class Format>
std::uint64_t register_of(const Format& format, const Geometry& geometry, std::uint64_t in) {
  if (geometry.name != "PAE with PDPTE registers") return 0;
  return (format.root(typename Format::In{in}, {}).at.table.value >> 12) - 1;
}

// Memory of a test, and how the owner of tables reaches it.
class Tables final : public TableIo {
 public:
  std::uint64_t load(std::uint64_t at, unsigned) override { return words_[at]; }
  void store(std::uint64_t at, unsigned, std::uint64_t word) override { words_[at] = word; }
  std::uint64_t allocate_table(unsigned) override { return next_ += 0x1000; }
  void free_table(std::uint64_t, unsigned) override {}

  // As the walk wants it.
  template <class Out>
  bool read(Out at, unsigned, int, std::uint64_t& word, Fault&) {
    word = words_[at.value];
    return true;
  }
  template <class Out>
  bool update(Out at, unsigned, int, std::uint64_t&, std::uint64_t wanted, Fault&) {
    words_[at.value] = wanted;
    return true;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> words_;
  std::uint64_t next_ = first_table - 0x1000;
};

struct Placed {
  std::uint64_t at = 0;  // anywhere in the page
  unsigned size = 0;     // which of the format's sizes, modulo
};
void showValue(const Placed& page, std::ostream& out) {
  out << "page of size " << page.size << " around " << std::hex << page.at << std::dec;
}

// Addresses that lie close together, now and then.
rc::Gen<std::uint64_t> address() {
  return rc::gen::map(rc::gen::pair(word(), rc::gen::element(16u, 24u, 34u, 57u)),
                      [](const auto& drawn) { return drawn.first & low_mask(drawn.second); });
}

// Canonical, where linear addresses are.
template <class Format>
typename Format::In input(const Geometry& geometry, std::uint64_t at) {
  constexpr bool linear = std::is_same_v<typename Format::In, Va>;
  const bool extended = linear && geometry.input_bits > 32;
  return typename Format::In{extended ? sign_extend(at, geometry.input_bits) : at};
}

template <class Format>
std::string check_pages(const Format& format, const Geometry& geometry,
                        const std::vector<Placed>& drawn,
                        const std::vector<std::uint64_t>& probes) {
  using In = typename Format::In;
  Tables memory;
  EditedTables<Format> tables(format, memory);
  std::map<std::uint64_t, std::pair<unsigned, std::uint64_t>> mapped;  // base: lg2, output
  std::vector<std::uint64_t> asked;
  for (const Placed& page : drawn) {
    const unsigned lg2 = tables.leaf_sizes()[page.size % tables.leaf_sizes().size()];
    const std::uint64_t base = align_down(page.at & low_mask(geometry.input_bits), lg2);
    if (!tables.vacant(base, lg2, memory)) continue;
    const std::uint64_t out = align_down(page.at * 0x9e3779b1 & low_mask(32), lg2);
    tables.map(base, out, lg2, {}, memory);
    mapped[base] = {lg2, out};
    for (const std::uint64_t near : {base - 1, base, base + one(lg2) - 1, base + one(lg2)})
      asked.push_back(near & low_mask(geometry.input_bits));
  }
  for (const std::uint64_t probe : probes) asked.push_back(probe & low_mask(geometry.input_bits));
  for (const std::uint64_t at : asked) {
    const In in = input<Format>(geometry, at);
    auto after = mapped.upper_bound(at);
    const bool inside = after != mapped.begin() &&
                        at - std::prev(after)->first < one(std::prev(after)->second.first);
    NoWalkCache cache;
    const auto walked = walk(format, in, {AccessType::read, true}, memory, cache);
    if (static_cast<bool>(walked.fault) == inside) return inside ? "a gap" : "mapped by nothing";
    if (!inside) {
      if (walked.fault.cause != FaultCause::not_present) return "a strange fault";
      continue;
    }
    const auto& [base, page] = *std::prev(after);
    if (walked.out.value != page.second + (at - base)) return "another address";
    if (walked.size_lg2 != page.first) return "another size";
  }
  return {};
}

}  // namespace

TEST_CASE("A-2 to A-6: the indices of a walk and the offset are the input address") {
  nestwalk::test::property("one address", [] {
    const std::uint64_t drawn = *word();
    for_every_format([&](const auto& format, const Geometry& g) -> std::string {
      const std::uint64_t in = drawn & low_mask(g.input_bits);
      std::uint64_t together = in & low_mask(12);
      together |= register_of(format, g, in) << 30;
      for (int h = 0; h < g.levels; ++h) {
        const std::uint64_t index = index_of(format, in, h);
        if (index >> g.entries_lg2(h)) return "an index beyond its table";
        if (g.entries_lg2(h) + (g.four_byte() ? 2 : 3) > 12) return "a table beyond its page";
        together |= index << g.shift(h);
      }
      if (together != in) return "the indices give another address";
      const int top = g.levels - 1;
      const unsigned registers_lg2 = g.name == "PAE with PDPTE registers" ? 2 : 0;
      if (g.shift(top) + g.entries_lg2(top) + registers_lg2 != g.input_bits) return "a gap on top";
      for (int h = 0; h < g.levels; ++h)
        if (format.span_lg2(h) != g.shift(h) + g.entries_lg2(h)) return "span_lg2()";
      return {};
    });
  });
}

TEST_CASE("A-2 to A-6: two inputs share an entry if and only if their upper bits agree") {
  std::uint64_t shared = 0, apart = 0;
  nestwalk::test::property("two addresses", [&] {
    const std::uint64_t one_drawn = *word();
    const std::uint64_t other_drawn =
        one_drawn ^ (*word() >> *rc::gen::resize(100, rc::gen::inRange(0, 64)));
    for_every_format([&](const auto& format, const Geometry& g) -> std::string {
      const std::uint64_t a = one_drawn & low_mask(g.input_bits);
      const std::uint64_t b = other_drawn & low_mask(g.input_bits);
      // They are in the same table as long as they have shared every entry above it.
      bool same = register_of(format, g, a) == register_of(format, g, b);
      for (int h = g.levels - 1; h >= 0; --h) {
        same = same && index_of(format, a, h) == index_of(format, b, h);
        ++(same ? shared : apart);
        if (same != (a >> g.shift(h) == b >> g.shift(h))) return "height " + std::to_string(h);
      }
      return {};
    });
  });
  CHECK(shared > 1000);
  CHECK(apart > 1000);
}

TEST_CASE("A-2 to A-6: tables translate what is mapped, and nothing else") {
  nestwalk::test::property("random pages", [] {
    const auto pages = *rc::gen::container<std::vector<Placed>>(
        rc::gen::build<Placed>(rc::gen::set(&Placed::at, address()),
                               rc::gen::set(&Placed::size, rc::gen::inRange(0u, 6u))));
    const auto probes = *rc::gen::container<std::vector<std::uint64_t>>(address());
    for_every_format([&](const auto& format, const Geometry& g) -> std::string {
      if (g.name == "PAE with PDPTE registers") return {};  // the same tables, read otherwise
      return check_pages(format, g, pages, probes);
    });
  });
}

}  // namespace nestwalk::x86::test
