// TLB entries judged by serves() against fresh walks: an entry serves an access if and only if a
// walk under the same registers would complete and find no flag of the leaves to set.
#include <array>
#include <vector>

#include "property/property.h"
#include "unit/x86/bench.h"

namespace nestwalk::x86::test {

// The registers that decide what is allowed, and an access under them.
struct Attempt {
  bool write_protect = true, smap = false, smep = false, alignment_check = false;
  bool pke = false, pks = false;
  std::uint32_t pkru = 0, pkrs = 0;
  AccessType type = AccessType::read;
  bool user = true, implicit = false;

  Access access() const { return {.type = type, .user = user, .implicit = implicit && !user}; }
};
void showValue(const Attempt& a, std::ostream& out) {
  static constexpr const char* types[] = {"read", "write", "fetch"};
  out << (a.user       ? "user "
          : a.implicit ? "implicit supervisor "
                       : "supervisor ")
      << types[static_cast<unsigned>(a.type)] << " with";
  for (const auto& [set, name] :
       {std::pair{a.write_protect, " WP"}, std::pair{a.smap, " SMAP"}, std::pair{a.smep, " SMEP"},
        std::pair{a.alignment_check, " AC"}, std::pair{a.pke, " PKE"}, std::pair{a.pks, " PKS"}})
    if (set) out << name;
  out << std::hex << ", PKRU " << a.pkru << ", PKRS " << a.pkrs << std::dec;
}

namespace {

constexpr std::uint64_t guest_flags = 0x66 | field_mask(63, 59);  // W, U, A, D; key, XD
constexpr std::uint64_t ept_flags = 0x7 | one(8) | one(9) | one(10), npt_flags = 0x62 | one(63);

struct Mode {
  PagingKind guest;
  Paging host;
  bool accessed_dirty, mode_based_execute;
};

rc::Gen<Attempt> attempt() {
  using rc::gen::set;
  const auto keys = rc::gen::resize(100, rc::gen::arbitrary<std::uint32_t>());
  return rc::gen::build<Attempt>(
      set(&Attempt::write_protect), set(&Attempt::smap), set(&Attempt::smep),
      set(&Attempt::alignment_check), set(&Attempt::pke), set(&Attempt::pks),
      set(&Attempt::pkru, keys), set(&Attempt::pkrs, keys),
      set(&Attempt::type, rc::gen::element(AccessType::read, AccessType::write, AccessType::fetch)),
      set(&Attempt::user), set(&Attempt::implicit));
}

// Flags of an entry, most of them allowing.
rc::Gen<std::uint64_t> flags() {
  const auto bits = rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>());
  return rc::gen::map(rc::gen::tuple(bits, bits, bits), [](const auto& t) {
    const auto& [often, key, rarely] = t;
    const bool allows = often >> 60 & 1;
    return (allows ? 0x66u : often & 0x66) | (key & field_mask(62, 59)) |
           ((rarely & 7) == 0 ? one(63) : 0);
  });
}

void write_registers(Bench& b, const Attempt& a) {
  const auto put = [](std::uint64_t& word, unsigned position, bool set) {
    word = (word & ~one(position)) | std::uint64_t{set} << position;
  };
  put(b.registers.cr0, cr0_wp, a.write_protect);
  put(b.registers.cr4, cr4_smap, a.smap);
  put(b.registers.cr4, cr4_smep, a.smep);
  put(b.registers.cr4, cr4_pke, a.pke && b.registers.long_mode());
  put(b.registers.cr4, cr4_pks, a.pks && b.registers.long_mode());
  put(b.registers.rflags, rflags_ac, a.alignment_check);
  b.registers.pkru = a.pkru;
  b.registers.pkrs = a.pkrs;
}

void write_guest_tables(Bench& b, const std::vector<std::uint64_t>& drawn) {
  const bool pae = b.spec.guest == PagingKind::pae;
  for (int h = 0; h <= b.root_height() - (pae ? 1 : 0); ++h) {
    std::uint64_t mask = guest_flags & ~(h ? std::uint64_t{0x40} : 0);
    if (b.entry_bytes() == 4) mask &= low_mask(32);
    if (pae) mask &= ~field_mask(62, 59);  // reserved
    const std::uint64_t set = drawn[static_cast<std::size_t>(h)] & mask;
    b.set_entry(h, (b.entry(h) & ~mask) | set);
  }
}

void write_host_leaf(Bench& b, std::uint64_t drawn) {
  if (b.spec.host == Paging::none) return;
  const bool ept = b.spec.host == Paging::ept;
  const std::uint64_t mask = ept ? ept_flags : npt_flags;
  constexpr std::array<std::uint64_t, 8> rights{1, 3,           4,           5,
                                                7, 1 | one(10), 3 | one(10), 7 | one(10)};
  const std::uint64_t set = ept ? rights[drawn >> 59 & 7] : drawn & mask;
  b.set_host_entry(data_page, 0, (b.host_entry(data_page, 0) & ~mask) | set);
}

// Whether the access completes with the data's leaves as they are.
bool completes_unmarked(Bench& b, const Access& access) {
  const std::uint64_t leaf = b.entry(0);
  const std::uint64_t host = b.spec.host == Paging::none ? 0 : b.host_entry(data_page, 0);
  const bool completes = b.run(access) == "ok";
  const bool marked =
      b.entry(0) != leaf || (b.spec.host != Paging::none && b.host_entry(data_page, 0) != host);
  b.set_entry(0, leaf);
  if (b.spec.host != Paging::none) b.set_host_entry(data_page, 0, host);
  return completes && !marked;
}

struct Judged {
  std::uint64_t served = 0, refused = 0;
};

void check(const Mode& mode, Judged& judged) {
  BenchSpec spec;
  spec.guest = mode.guest;
  spec.host = mode.host;
  spec.ept_accessed_dirty = mode.accessed_dirty;
  spec.mode_based_execute = mode.mode_based_execute;
  Bench b(spec);
  write_guest_tables(b, *rc::gen::container<std::vector<std::uint64_t>>(5, flags()));
  write_host_leaf(b, *flags());
  const Attempt first = *attempt();
  const auto others = *rc::gen::container<std::vector<Attempt>>(12, attempt());
  write_registers(b, first);
  if (b.run(first.access()) != "ok") return;
  const std::uint64_t attributes = b.reply.entry.attributes;
  for (const Attempt& other : others) {
    write_registers(b, other);
    b.engine.set(b.registers, b.vm);
    const bool serves = b.engine.serves(attributes, other.access());
    ++(serves ? judged.served : judged.refused);
    if (serves == completes_unmarked(b, other.access())) continue;
    RC_LOG() << rc::toString(other) << (serves ? " is served" : " is not served") << "; PTE "
             << std::hex << b.entry(0) << ", attributes " << attributes << "\n";
    RC_FAIL("a walk says otherwise");
  }
}

}  // namespace

TEST_CASE("A-23 to A-35 A-49 to A-52: serves() agrees with a fresh walk") {
  using enum PagingKind;
  for (const Mode& mode :
       {Mode{four_level, Paging::none, false, false}, Mode{two_level, Paging::none, false, false},
        Mode{pae, Paging::none, false, false}, Mode{five_level, Paging::ept, true, false},
        Mode{four_level, Paging::ept, false, true}, Mode{four_level, Paging::ept, true, true},
        Mode{four_level, Paging::npt, false, false}, Mode{pae, Paging::npt, false, false}}) {
    Judged judged;
    CAPTURE(static_cast<int>(mode.guest));
    CAPTURE(static_cast<int>(mode.host));
    nestwalk::test::property("a TLB entry under other registers", [&] { check(mode, judged); });
    CHECK(judged.served > 100);
    CHECK(judged.refused > 100);
  }
}

}  // namespace nestwalk::x86::test
