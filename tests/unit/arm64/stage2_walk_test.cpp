// Spec 5.1: address sizes, blocks, contiguous runs, endianness, external aborts at stage 2.
#include <doctest/doctest.h>

#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

unsigned status(EnvA& e, std::uint64_t va = EnvA::x) {
  const WalkReply reply = e.access(va);
  REQUIRE(reply.fault);
  return e.syndrome(reply, va).fsc();
}

// A run of 16 pages from IPA 0x1_0020_0000 to PA 0x5000_0000.
void make_run(EnvA& e) {
  for (std::uint64_t i = 0; i < 16; ++i)
    e.put(EnvA::t3 + 8 * i, (0x5000'0000 + (i << 12)) | 0x7ff | one(52));
}

}  // namespace

TEST_CASE("T016: a leaf beyond PS is an Address size fault at its level") {
  EnvA e;
  e.set_leaf(EnvA::page | one(40));
  const WalkReply reply = e.access(EnvA::x);
  const Syndrome s = e.syndrome(reply, EnvA::x, load, ldr_x0);
  CHECK(s.esr == 0x93c0'8003);
  CHECK(s.hpfar == 0x100'2030);
  CHECK(e.reads() == 3);
}

TEST_CASE("T017: a next table beyond PS: the level of the table descriptor") {
  EnvA e;
  e.put(EnvA::t2 + 8, EnvA::t3 | 3 | one(41));
  const WalkReply reply = e.access(EnvA::x);
  CHECK(e.syndrome(reply, EnvA::x, load, ldr_x0).esr == 0x93c0'8002);
  CHECK(e.reads() == 2);
}

TEST_CASE("T018: a base beyond PS: level 0, whatever the start level") {
  EnvA e;
  e.regs.vttbr_el2 = 0x100'4100'0000;
  CHECK(status(e) == 0x00);
  CHECK(e.reads() == 0);
}

TEST_CASE("T019: Address size before Access flag") {
  EnvA e;
  e.set_leaf((EnvA::page | one(40)) & ~one(10));
  CHECK(status(e) == 0x03);
}

TEST_CASE("T020: Access flag before Permission") {
  EnvA e;
  e.set_leaf(EnvA::page & ~(one(10) | field_mask(7, 6)));
  const WalkReply reply = e.access(EnvA::x);
  CHECK(e.syndrome(reply, EnvA::x, load, ldr_x0).esr == 0x93c0'800b);
}

TEST_CASE("T021: type 0b10 is invalid") {
  EnvA e;
  e.put(EnvA::t2 + 8, EnvA::t3 | 2);
  const WalkReply reply = e.access(EnvA::x);
  CHECK(e.syndrome(reply, EnvA::x, load, ldr_x0).esr == 0x93c0'8006);
}

TEST_CASE("T022: type 0b01 is invalid at level 3") {
  EnvA e;
  e.set_leaf((EnvA::page & ~std::uint64_t{3}) | 1);
  const WalkReply reply = e.access(EnvA::x);
  CHECK(e.syndrome(reply, EnvA::x, load, ldr_x0).esr == 0x93c0'8007);
}

TEST_CASE("T023: no 4K block at level 0 without DS; with DS 512 GiB") {
  EnvA e;
  e.set_vtcr(20, 2, 4);
  e.put(EnvA::root, 0x4fd);  // [9:8] = 0: they are address bits with DS
  CHECK(status(e) == 0x04);
  CHECK(e.reads() == 1);
  e.features = Features::all();
  e.regs.vtcr_el2 |= one(32);
  const WalkReply reply = e.access(EnvA::x);
  CHECK(reply.stage2_size_lg2 == 39);
  CHECK(reply.pa == Pa{EnvA::x});
}

TEST_CASE("T024: no 16K or 64K block at level 1, but 64K with PAMax 52 and 16K with DS") {
  EnvA e;
  e.features.pa_bits = 48;
  e.set_vtcr(20, 2, 4, 2);
  e.put(EnvA::root, 0x4fd);
  CHECK(status(e) == 0x05);
  e.set_vtcr(20, 2, 4, 1);
  CHECK(status(e) == 0x05);
  e.features = Features::all();
  CHECK(e.access(EnvA::x).stage2_size_lg2 == 42);
  e.set_vtcr(20, 2, 4, 2);
  CHECK(status(e) == 0x05);
  e.regs.vtcr_el2 |= one(32);
  CHECK(e.access(EnvA::x).stage2_size_lg2 == 36);
}

TEST_CASE("T025: a block's low address bits are masked, not added") {
  EnvA e;
  e.put(EnvA::t2 + 8, 0x5020'57fd);
  CHECK(e.access(0x1'0020'0010).pa == Pa{0x5020'0010});
}

TEST_CASE("T026: a contiguous run is one TLB entry of 64 KiB") {
  EnvA e;
  make_run(e);
  const WalkReply third = e.access(EnvA::x);
  CHECK(third.pa == Pa{0x5000'3238});
  CHECK(third.entry.size_lg2 == 16);
  CHECK(e.access(0x1'0020'9238).pa == Pa{0x5000'9238});
  Tlb tlb({{{12, 16}, {.entries = 8}}}, 0);
  tlb.fill(third.entry, Va{EnvA::x});
  const Tlb::Hit ninth = tlb.lookup(Va{0x1'0020'9238}, third.entry.tag);
  REQUIRE(ninth);
  CHECK(ninth.entry->translate(Va{0x1'0020'9238}) == Pa{0x5000'9238});
  CHECK(tlb.occupied() == 1);
}

TEST_CASE("T026: lengths of runs, for every granule and level") {
  struct Row {
    unsigned tg0, sl0, t0sz;
    int level;
    unsigned run_lg2;
  };
  constexpr Row rows[] = {{0, 1, 25, 3, 16}, {0, 1, 25, 2, 25}, {0, 1, 25, 1, 34},
                          {2, 1, 28, 3, 21}, {2, 1, 28, 2, 30}, {1, 1, 28, 3, 21},
                          {1, 1, 28, 2, 34}};
  for (const Row& r : rows) {
    EnvA e;
    e.features.pa_bits = 48;
    e.set_vtcr(r.t0sz, r.sl0, 5, r.tg0);
    const Stage2Format f = e.engine().state().stage2;
    std::uint64_t table = EnvA::root, next = 0x4200'0000;
    for (int h = f.root_height(); h > height_of(r.level); --h, table = next, next += 0x10000)
      e.put(f.entry_address(Pa{table}, Ipa{0}, h).value, next | 3);
    e.put(table, one(52) | (r.level == 3 ? 0x7ff : 0x7fd));
    CHECK(e.access(0x38).stage2_size_lg2 == r.run_lg2);
    e.knobs.contig_cached = false;
    CHECK(e.access(0x38).stage2_size_lg2 == f.leaf_lg2(height_of(r.level)));
  }
}

TEST_CASE("T027: a misprogrammed member: page-wise, as the run says, or a conflict") {
  EnvA e;
  make_run(e);
  e.set_leaf(0x5000'7000 | 0x7ff | one(52));
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'7238});
  CHECK(e.access(EnvA::x).entry.size_lg2 == 12);
  e.knobs.contig_misprog = Knobs::Misprogrammed::run;
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
  e.knobs.contig_misprog = Knobs::Misprogrammed::conflict;
  CHECK(status(e) == 0x30);
  e.knobs.contig_cached = false;
  e.knobs.contig_misprog = Knobs::Misprogrammed::run;
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
}

TEST_CASE("T028: a hole in a run faults cold, and may hit in a cached run") {
  EnvA e;
  make_run(e);
  e.put(EnvA::t3 + 5 * 8, 0);
  const WalkReply third = e.access(EnvA::x);
  CHECK_FALSE(third.fault);
  CHECK(status(e, 0x1'0020'5238) == 0x07);
  CHECK(third.entry.translate(Va{0x1'0020'5238}) == Pa{0x5000'5238});  // what a TLB hit would give
  e.knobs.contig_cached = false;
  CHECK(e.access(EnvA::x).entry.size_lg2 == 12);  // and then it cannot
}

TEST_CASE("T029: a run larger than the input space: a fault, or no hint") {
  EnvA e;
  e.features.pa_bits = 48;
  e.set_vtcr(34, 1, 5, 1);
  e.put(EnvA::root, one(52) | 0x7fd);
  CHECK(e.access(0x38).stage2_size_lg2 == 29);
  e.knobs.contig_too_large_faults = true;
  CHECK(status(e, 0x38) == 0x06);
}

TEST_CASE("T030: big-endian descriptors") {
  EnvA e;
  e.regs.sctlr_el2 = one(25);
  for (const std::uint64_t at : {EnvA::root + 0x20, EnvA::t2 + 8, EnvA::t3 + 0x18})
    e.put(at, __builtin_bswap64(e.get(at)));
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
  // Hardware updates stay big-endian.
  e.set_leaf(__builtin_bswap64(EnvA::page & ~one(10)));
  e.regs.vtcr_el2 |= one(21);
  CHECK_FALSE(e.access(EnvA::x).fault);
  CHECK(e.leaf() == __builtin_bswap64(EnvA::page));
}

TEST_CASE("T034: nothing answers at the last table: external abort on walk, level 3") {
  EnvA e;
  e.port.broken.insert(EnvA::t3 + 0x18);
  const WalkReply reply = e.access(EnvA::x);
  const Syndrome s = e.syndrome(reply, EnvA::x);
  CHECK(s.fsc() == 0x17);
  CHECK(s.target_el == 2);
  CHECK_FALSE(s.hpfar_valid);
}

TEST_CASE("52-bit output addresses: 64K in [15:12]; 4K and 16K with DS in [9:8] and [49:48]") {
  EnvA e;
  e.features = Features::all();
  e.set_vtcr(28, 1, 6, 1);  // 64K, level 2 start
  e.put(EnvA::root + 8 * (EnvA::x >> 29), 0x4201'0003);
  e.put(0x4201'0000 + 8 * (EnvA::x >> 16 & 0x1fff), 0x1234'0000 | 0xa000 | 0x7ff);
  CHECK(e.access(EnvA::x).pa == Pa{0xa'0000'1234'3238});
  e.set_vtcr(24, 1, 6);
  e.regs.vtcr_el2 |= one(32);
  e.set_leaf(0x5000'3000 | 0x4ff | std::uint64_t{2} << 8 | one(48));
  CHECK(e.access(EnvA::x).pa == Pa{0x9'0000'5000'3238});
  e.set_vtcr(24, 1, 5);  // PS says 48 bits: out of range now
  e.regs.vtcr_el2 |= one(32);
  CHECK(status(e) == 0x03);
}
