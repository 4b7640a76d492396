// Cases T001 to T022: presence, rights, accessed and dirty flags of ordinary 4-level paging.
#include "bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), W = one(1), U = one(2), A = one(5), D = one(6), XD = one(63);

}  // namespace

TEST_CASE("T001 A-4 A-60: baseline, four references, nothing written") {
  Bench b;
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 4);
  CHECK(b.reply.pa == Pa{data_page + 0x123});
  CHECK(b.user_write() == "ok");
  CHECK(b.reads() == 4);
  CHECK(b.user_fetch() == "ok");
  CHECK(b.reads() == 4);
  CHECK(b.port.updates.empty());
}

TEST_CASE("T002 A-37: a read sets A in the leaf, not D") {
  Bench b;
  b.clear_bits(0, A | D);
  CHECK(b.user_read() == "ok");
  CHECK((b.entry(0) & (A | D)) == A);
}

TEST_CASE("T003 A-37: a write sets A and D in the leaf only") {
  Bench b;
  b.clear_bits(0, A | D);
  CHECK(b.user_write() == "ok");
  CHECK((b.entry(0) & (A | D)) == (A | D));
  for (int h = 1; h <= 3; ++h) CHECK((b.entry(h) & D) == 0);
}

TEST_CASE("T004 A-37: A is set where it was clear") {
  Bench b;
  b.clear_bits(2, A);
  CHECK(b.user_read() == "ok");
  CHECK((b.entry(2) & A) == A);
  CHECK(b.port.updates == std::vector<Pa>{Pa{b.entry_at(2)}});
}

TEST_CASE("T005 A-41: PML4E not present") {
  Bench b;
  b.clear_bits(3, P);
  CHECK(b.user_read() == "#PF 0x4");
  CHECK(b.reads() == 1);
  CHECK(b.read() == "#PF 0x0");
  CHECK(b.write() == "#PF 0x2");
}

TEST_CASE("T006 A-41: PTE not present") {
  Bench b;
  b.clear_bits(0, P);
  CHECK(b.user_write() == "#PF 0x6");
  CHECK(b.user_fetch() == "#PF 0x14");
}

TEST_CASE("T007 A-41: fetches are not told apart without NXE and SMEP") {
  Bench b;
  b.registers.efer &= ~one(efer_nxe);
  b.clear_bits(0, P);
  CHECK(b.user_fetch() == "#PF 0x4");
}

TEST_CASE("T008 A-23: supervisor page, user read; leaf A stays clear") {
  Bench b;
  b.clear_bits(0, U | A);
  CHECK(b.user_read() == "#PF 0x5");
  CHECK((b.entry(0) & A) == 0);
}

TEST_CASE("T009 A-23: U/S is the AND of all levels") {
  Bench b;
  b.clear_bits(1, U);
  CHECK(b.user_read() == "#PF 0x5");
}

TEST_CASE("T010 A-24 A-35: WP does not concern users") {
  Bench b;
  b.clear_bits(0, W);
  CHECK(b.user_write() == "#PF 0x7");
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.user_write() == "#PF 0x7");
}

TEST_CASE("T011 A-24: R/W is the AND of all levels") {
  Bench b;
  b.clear_bits(2, W);
  CHECK(b.user_write() == "#PF 0x7");
}

TEST_CASE("T012 A-28: supervisor write to a read-only page with WP") {
  Bench b;
  b.clear_bits(0, W | U);
  CHECK(b.write() == "#PF 0x3");
}

TEST_CASE("T013 A-28: supervisor write to a read-only page without WP sets D") {
  Bench b;
  b.clear_bits(0, W | U | D);
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.write() == "ok");
  CHECK((b.entry(0) & D) == D);
}

TEST_CASE("T014 A-29: the same for a user page without SMAP") {
  Bench b;
  b.clear_bits(0, W);
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.write() == "ok");
}

TEST_CASE("T015 A-29: SMAP, EFLAGS.AC and implicit accesses") {
  Bench b;
  b.clear_bits(0, W);
  b.registers.cr0 &= ~one(cr0_wp);
  b.registers.cr4 |= one(cr4_smap);
  CHECK(b.write() == "#PF 0x3");
  b.registers.rflags = one(rflags_ac);
  CHECK(b.write() == "ok");
  Access implicit{AccessType::write, false};
  implicit.implicit = true;
  CHECK(b.run(implicit) == "#PF 0x3");
}

TEST_CASE("T016 A-27: SMAP and supervisor reads") {
  Bench b;
  b.registers.cr4 |= one(cr4_smap);
  CHECK(b.read() == "#PF 0x1");
  b.registers.rflags = one(rflags_ac);
  CHECK(b.read() == "ok");
}

TEST_CASE("A-26: a supervisor reads its own pages whatever R/W, WP, SMAP and AC say") {
  for (const int height : {0, 3}) {
    CAPTURE(height);
    Bench b;
    b.clear_bits(height, W | U);
    b.registers.cr4 |= one(cr4_smap) | one(cr4_smep);
    CHECK(b.read() == "ok");
    CHECK(b.user_read() == "#PF 0x5");
    b.registers.cr0 &= ~one(cr0_wp);
    b.registers.rflags = one(rflags_ac);
    CHECK(b.read() == "ok");
  }
}

TEST_CASE("T017 A-34: SMAP does not cover fetches") {
  Bench b;
  b.registers.cr4 |= one(cr4_smap);
  CHECK(b.fetch() == "ok");
}

TEST_CASE("T018 A-31: SMEP") {
  Bench b;
  b.registers.cr4 |= one(cr4_smep);
  CHECK(b.fetch() == "#PF 0x11");
}

TEST_CASE("T019 A-41: SMEP makes fetches reported without NXE") {
  Bench b;
  b.registers.cr4 |= one(cr4_smep);
  b.registers.efer &= ~one(efer_nxe);
  CHECK(b.fetch() == "#PF 0x11");
}

TEST_CASE("T020 A-30: SMEP looks at the AND of U/S") {
  Bench b;
  b.registers.cr4 |= one(cr4_smep);
  b.clear_bits(1, U);
  CHECK(b.fetch() == "ok");
}

TEST_CASE("T021 A-25 A-30: XD in the leaf") {
  Bench b;
  b.set_bits(0, XD);
  CHECK(b.user_fetch() == "#PF 0x15");
  b.clear_bits(0, U);
  CHECK(b.fetch() == "#PF 0x11");
}

TEST_CASE("T022 A-25: XD in an upper entry") {
  Bench b;
  b.set_bits(1, XD);
  CHECK(b.user_fetch() == "#PF 0x15");
  CHECK(b.user_read() == "ok");
}

TEST_CASE("T044 A-38 A-39: a write denied leaves the leaf's A and D alone") {
  Bench b;
  b.clear_bits(0, W | A | D);
  CHECK(b.user_write() == "#PF 0x7");
  CHECK((b.entry(0) & (A | D)) == 0);
}

TEST_CASE("T057 A-37: an entry that changes before its flags are set is decoded anew") {
  Bench b;
  b.clear_bits(0, D);
  const std::uint64_t other_page = 0x50000000;
  b.port.before_update = [&] { b.set_entry(0, other_page | P | W | U); };
  CHECK(b.user_write() == "ok");
  CHECK(b.reply.pa == Pa{other_page + 0x123});
  CHECK(b.entry(0) == (other_page | P | W | U | A | D));

  b.set_entry(0, data_page | P | W | U);
  b.port.before_update = [&] { b.set_entry(0, data_page | W | U); };
  CHECK(b.user_write() == "#PF 0x6");
  CHECK(b.entry(0) == (data_page | W | U));
}

TEST_CASE("T058 U-6: a supervisor read first, then a user write to a read-only page") {
  Bench b;
  b.clear_bits(0, W | A | D);
  CHECK(b.read() == "ok");
  CHECK((b.entry(0) & (A | D)) == A);
  CHECK(b.user_write() == "#PF 0x7");
  CHECK((b.entry(0) & (A | D)) == A);
}

}  // namespace nestwalk::x86::test
