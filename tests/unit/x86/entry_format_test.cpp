// Cases T023 to T035: reserved bits, page sizes and their order against presence and rights.
#include "bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), U = one(2), A = one(5), D = one(6), XD = one(63);

Bench large(unsigned lg2, const Cpu& cpu = {}) {
  BenchSpec spec;
  spec.guest_leaf_lg2 = lg2;
  spec.cpu = cpu;
  return Bench(spec);
}

}  // namespace

TEST_CASE("T023 A-19 A-41: XD is reserved without NXE") {
  Bench b;
  b.registers.efer &= ~one(efer_nxe);
  b.set_bits(0, XD);
  CHECK(b.user_read() == "#PF 0xd");
  CHECK(b.user_write() == "#PF 0xf");
  CHECK(b.user_fetch() == "#PF 0xd");
}

TEST_CASE("T024 A-19 A-41: the same with SMEP, supervisor fetch") {
  Bench b;
  b.registers.efer &= ~one(efer_nxe);
  b.registers.cr4 |= one(cr4_smep);
  b.set_bits(0, XD);
  CHECK(b.fetch() == "#PF 0x19");
}

TEST_CASE("T025 A-18 A-21: a reserved bit in the PDE ends the walk there") {
  Bench b;
  b.set_bits(1, one(46));
  CHECK(b.user_read() == "#PF 0xd");
  CHECK(b.reads() == 3);
}

TEST_CASE("T026 A-21: reserved bits of an entry that is not present do not count") {
  Bench b;
  b.set_bits(0, one(51));
  b.clear_bits(0, P);
  CHECK(b.user_read() == "#PF 0x4");
}

TEST_CASE("T027 A-21: a reserved bit above wins over a missing entry below") {
  Bench b;
  b.set_bits(2, one(46));
  b.clear_bits(0, P);
  CHECK(b.user_read() == "#PF 0xd");
  CHECK(b.reads() == 2);
}

TEST_CASE("T028 A-21: a missing entry above wins over a reserved bit below") {
  Bench b;
  b.clear_bits(2, P);
  b.set_bits(1, one(46));
  CHECK(b.user_read() == "#PF 0x4");
  CHECK(b.reads() == 2);
}

TEST_CASE("T029 A-22: reserved bits come before permissions") {
  Bench b;
  b.set_bits(0, one(46));
  b.clear_bits(1, U);
  CHECK(b.user_read() == "#PF 0xd");
}

TEST_CASE("T030 A-16: PS is reserved in a PML4E") {
  Bench b;
  b.set_bits(3, one(pte_ps));
  CHECK(b.user_read() == "#PF 0xd");
  CHECK(b.reads() == 1);
}

TEST_CASE("T031 A-16: bit 8 of a PML4E is reserved on AMD, ignored on Intel") {
  Bench b;
  b.set_bits(3, one(pte_g));
  CHECK(b.user_read() == "ok");
  BenchSpec amd;
  amd.cpu.vendor = Vendor::amd;
  Bench c(amd);
  c.set_bits(3, one(pte_g));
  CHECK(c.user_read() == "#PF 0xd");
}

TEST_CASE("T032 A-17: 1G pages") {
  Bench b = large(30);
  const std::uint64_t leaf = b.entry(2);
  b.set_entry(2, leaf | one(12));  // PAT
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 2);
  CHECK(b.reply.pa == Pa{data_page + (b.va.value & low_mask(30))});
  for (unsigned reserved = 13; reserved <= 29; ++reserved) {
    b.set_entry(2, leaf | one(reserved));
    CHECK(b.user_read() == "#PF 0xd");
  }
  b.set_entry(2, leaf | one(31));
  CHECK(b.user_read() == "ok");
  CHECK(b.reply.pa == Pa{(data_page | one(31)) + (b.va.value & low_mask(30))});
}

TEST_CASE("T033 A-17: no 1G pages") {
  Cpu cpu;
  cpu.gib_pages = false;
  Bench b = large(30, cpu);
  CHECK(b.user_read() == "#PF 0xd");
}

TEST_CASE("T034 A-18: 2M pages") {
  Bench b = large(21);
  const std::uint64_t leaf = b.entry(1);
  b.set_entry(1, leaf | one(12));
  CHECK(b.user_read() == "ok");
  for (unsigned reserved = 13; reserved <= 20; ++reserved) {
    b.set_entry(1, leaf | one(reserved));
    CHECK(b.user_read() == "#PF 0xd");
  }
  b.set_entry(1, leaf | one(21));
  CHECK(b.user_read() == "ok");
  CHECK(b.reply.pa == Pa{(data_page | one(21)) + (b.va.value & low_mask(21))});
}

TEST_CASE("T035 A-37: a write sets A and D in a 2M leaf") {
  Bench b = large(21);
  b.clear_bits(1, A | D);
  CHECK(b.user_write() == "ok");
  CHECK(b.reads() == 3);
  CHECK((b.entry(1) & (A | D)) == (A | D));
}

TEST_CASE("A-15 to A-19: bits M to 51 are reserved for every MAXPHYADDR, in every entry") {
  for (unsigned m = 36; m <= 52; ++m)
    for (const PagingKind kind : {PagingKind::four_level, PagingKind::five_level, PagingKind::pae})
      for (int h = 0; h <= (kind == PagingKind::five_level ? 4
                            : kind == PagingKind::pae      ? 1
                                                           : 3);
           ++h) {
        BenchSpec spec;
        spec.guest = kind;
        spec.cpu.maxphyaddr = static_cast<std::uint8_t>(m);
        Bench b(spec);
        const std::uint64_t good = b.entry(h);
        const unsigned top = kind == PagingKind::pae ? 62 : 51;
        for (unsigned position = m - 1; position <= top; ++position) {
          b.set_entry(h, good | one(position));
          CAPTURE(m);
          CAPTURE(h);
          CAPTURE(position);
          if (position >= m)
            CHECK(b.user_read() == "#PF 0xd");
          else if (h == 0)
            CHECK(b.user_read() == "ok");
          else
            CHECK(b.user_read() == "#PF 0x4");  // the table would be elsewhere, where all is zero
        }
      }
}

TEST_CASE("A-10: canonical addresses") {
  Bench b;
  CHECK(b.run({}, Va{0x7fffffffffff}) == "#PF 0x4");
  CHECK(b.run({}, Va{0xffff800000000000}) == "#PF 0x4");
  CHECK(b.run({}, Va{0x0001000000000000}) == "#GP");
  CHECK(b.run({}, Va{0xffff7fffffffffff}) == "#GP");
  CHECK(b.reads() == 0);
}

TEST_CASE("T056 A-10: 0x0000800000000000 is canonical with five levels only") {
  Bench four;
  CHECK(four.run({}, Va{0x800000000000}) == "#GP");
  CHECK(four.reads() == 0);
  Bench five({.guest = PagingKind::five_level});
  CHECK(five.run({}, Va{0x800000000000}) == "#PF 0x4");
  CHECK(five.reads() == 1);
  five.va = Va{0x800000000123};
  five.set_entry(4, (guest_root + 0x1000) | baseline_entry);
  five.set_entry(3, (guest_root + 0x2000) | baseline_entry);
  five.set_entry(2, (guest_root + 0x3000) | baseline_entry);
  five.set_entry(1, (guest_root + 0x4000) | baseline_entry);
  five.set_entry(0, data_page | baseline_leaf);
  CHECK(five.user_read() == "ok");
  CHECK(five.reads() == 5);
}

TEST_CASE("T055 A-5: five levels") {
  Bench b({.guest = PagingKind::five_level});
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 5);
  b.clear_bits(4, P);
  CHECK(b.user_read() == "#PF 0x4");
  CHECK(b.reads() == 1);
}

}  // namespace nestwalk::x86::test
