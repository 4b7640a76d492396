// TLB entries judged by serves() against fresh walks: an entry serves an access if and only if a
// walk under the same registers would complete and find no flag of the leaves to set.
#include "bench.h"
#include "common/base/random.h"

namespace nestwalk::x86::test {
namespace {

void randomize_registers(Bench& b, Random& random) {
  const auto flip = [&](std::uint64_t& word, unsigned position) {
    word = (word & ~one(position)) | random.below(2) << position;
  };
  flip(b.registers.cr0, cr0_wp);
  for (const unsigned position : {cr4_smap, cr4_smep}) flip(b.registers.cr4, position);
  if (b.registers.long_mode())
    for (const unsigned position : {cr4_pke, cr4_pks}) flip(b.registers.cr4, position);
  flip(b.registers.rflags, rflags_ac);
  b.registers.pkru = static_cast<std::uint32_t>(random.bits64());
  b.registers.pkrs = static_cast<std::uint32_t>(random.bits64());
}

void randomize_tables(Bench& b, Random& random) {
  for (int h = 0; h <= b.root_height(); ++h) {
    const bool has_xd = b.entry_bytes() == 8;
    const bool pdpte = b.spec.guest == PagingKind::pae && h == 2;
    if (pdpte) continue;
    std::uint64_t flags = random.bits64() & (h == 0 ? 0x66 : 0x26);
    if (random.below(2)) flags |= 0x6;
    if (has_xd) {
      flags |= random.below(8) == 0 ? one(63) : 0;
      if (b.registers.long_mode()) flags |= random.bits64() & field_mask(62, 59);
    }
    const std::uint64_t flag_bits = 0x66 | field_mask(63, 59);
    b.set_entry(h, (b.entry(h) & ~flag_bits) | flags);
  }
  if (b.spec.host == Paging::ept) {
    constexpr std::uint64_t rights[] = {1, 3, 4, 5, 7, 1 | one(10), 3 | one(10), 7 | one(10)};
    b.set_rights(data_page, 0, rights[random.below(8)]);
    b.set_host_entry(data_page, 0, b.host_entry(data_page, 0) & ~(one(8) | one(9)));
  } else if (b.spec.host == Paging::npt) {
    const std::uint64_t flags = (random.bits64() & 0x62) | random.below(2) << 63;
    b.set_host_entry(data_page, 0, (b.host_entry(data_page, 0) & ~(0x62 | one(63))) | flags);
  }
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

}  // namespace

TEST_CASE("A-23 to A-35: serves() agrees with a fresh walk") {
  struct Mode {
    PagingKind guest;
    Paging host;
    bool accessed_dirty, mode_based_execute;
  };
  using enum PagingKind;
  std::uint64_t seed = 0;
  for (const Mode& mode :
       {Mode{four_level, Paging::none, false, false}, Mode{two_level, Paging::none, false, false},
        Mode{pae, Paging::none, false, false}, Mode{five_level, Paging::ept, true, false},
        Mode{four_level, Paging::ept, false, true}, Mode{four_level, Paging::ept, true, true},
        Mode{four_level, Paging::npt, false, false}, Mode{pae, Paging::npt, false, false}}) {
    BenchSpec spec;
    spec.guest = mode.guest;
    spec.host = mode.host;
    spec.ept_accessed_dirty = mode.accessed_dirty;
    spec.mode_based_execute = mode.mode_based_execute;
    Bench b(spec);
    Random random(++seed);
    int filled = 0;
    for (int round = 0; round < 400; ++round) {
      randomize_registers(b, random);
      randomize_tables(b, random);
      const auto any_access = [&] {
        Access access{static_cast<AccessType>(random.below(3)), random.below(2) == 0};
        access.implicit = !access.user && random.below(4) == 0;
        return access;
      };
      if (b.run(any_access()) != "ok") continue;
      ++filled;
      const std::uint64_t attributes = b.reply.entry.attributes;
      for (int again = 0; again < 12; ++again) {
        randomize_registers(b, random);
        const Access access = any_access();
        b.engine.set(b.registers, b.vm);
        const bool serves = b.engine.serves(attributes, access);
        CHECK(serves == completes_unmarked(b, access));
      }
    }
    CHECK(filled > 50);
  }
}

}  // namespace nestwalk::x86::test
