// Rules of registers that select and qualify a translation (spec 1.2.1, 1.3 to 1.6): nested
// virtualisation's EL1 layout, unimplemented granules, widths of VMID and ASID, AArch32 guests,
// endianness of each stage, and stage-2 refusals on a stage-1 table walk.
#include <doctest/doctest.h>

#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr std::uint64_t s1_leaf_word = EnvB::data_ipa | 0x703;

bool allowed(EnvB& e, const Access& how, Operation op = Operation::plain) {
  return !e.access(EnvB::va, how, op).fault;
}
Syndrome syndrome(EnvB& e, const Access& how = load) {
  const WalkReply reply = e.access(EnvB::va, how);
  REQUIRE(reply.fault);
  return e.syndrome(reply, EnvB::va, how);
}

}  // namespace

// AP[1] and UXN do not exist: no data for EL0; bit 54 is PXN, bit 53 means nothing; in tables
// APTable[1] still takes writes away, bit 60 is PXNTable, APTable[0] and bit 59 mean nothing.
TEST_CASE("spec 1.2.1: HCR_EL2.NV1 gives EL1 descriptors the layout of EL2") {
  for (unsigned n = 0; n < 1u << 8; ++n) {
    const auto flag = [&](unsigned i) { return (n >> i & 1) != 0; };
    EnvB e;
    e.features.nv1 = true;
    e.regs.hcr_el2 |= one(42) | one(43);
    e.put(EnvB::s1_leaf, s1_leaf_word | std::uint64_t{flag(0)} << 6 | std::uint64_t{flag(1)} << 7 |
                             std::uint64_t{flag(2)} << 53 | std::uint64_t{flag(3)} << 54);
    e.put(0x6000'1000, 0x1'8000'0003 | std::uint64_t{flag(4)} << 59 | std::uint64_t{flag(5)} << 60 |
                           std::uint64_t{flag(6)} << 61 | std::uint64_t{flag(7)} << 62);
    CHECK(allowed(e, load));
    CHECK(allowed(e, store) == (!flag(1) && !flag(7)));
    CHECK(allowed(e, fetch) == (!flag(3) && !flag(5)));
    e.now.el = 0;
    CHECK_FALSE(allowed(e, load_el0));
    CHECK_FALSE(allowed(e, store_el0));
  }
}

TEST_CASE("spec 1.2.1: NV1 means nothing without NV, or without FEAT_NV") {
  for (const bool feature : {true, false}) {
    EnvB e;
    e.features.nv1 = feature;
    e.regs.hcr_el2 |= one(43) | (feature ? 0 : one(42));
    e.put(EnvB::s1_leaf, s1_leaf_word | one(53));
    CHECK_FALSE(allowed(e, fetch));  // bit 53 is PXN
  }
}

TEST_CASE("spec 1.3: a reserved or unimplemented granule selects an implemented one") {
  EnvA e;
  e.set_vtcr(24, 1, 2, 3);  // reserved: 4K here
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
  e.set_vtcr(24, 1, 2, 1);  // 64K, which this processor lacks at stage 2
  e.features.stage2_granules = {true, false, false};
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
  e.features.stage2_granules = {false, true, false};
  CHECK(e.engine().state().stage2.table_lg2() == 14);
  e.features.stage1_granules = {false, false, true};
  CHECK(e.engine().state().halves[0].table_lg2() == 16);
}

TEST_CASE("spec 1.3: VMIDs and ASIDs of 8 or 16 bits, as registers and features say") {
  EnvB e;
  e.regs.vttbr_el2 = std::uint64_t{0x1205} << 48 | EnvB::root;
  e.regs.ttbr0_el1 |= std::uint64_t{0x3407} << 48;
  CHECK(e.engine().tag().vm == 0x05);
  CHECK(e.engine().tag().space == 0x07);
  e.regs.vtcr_el2 |= one(19);
  e.regs.tcr_el1 |= one(36);
  CHECK(e.engine().tag().vm == 0x1205);
  CHECK(e.engine().tag().space == 0x3407);
  e.features.vmid16 = e.features.asid16 = false;
  CHECK(e.engine().tag().vm == 0x05);
  CHECK(e.engine().tag().space == 0x07);
}

TEST_CASE("spec 1.4: an AArch32 EL1 may have 40-bit intermediate addresses, whatever PAMax") {
  EnvA e;
  e.features.pa_bits = 36;
  CHECK(reported_level(e.access(EnvA::x).fault) == 0);  // 40 bits are too many for PAMax 36
  e.regs.hcr_el2 &= ~one(31);
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
}

TEST_CASE("spec 1.3: each stage's tables have the endianness of their own register") {
  EnvB e;
  e.regs.sctlr_el1 |= one(25);
  for (const std::uint64_t at : {0x6000'2010ull, 0x6000'1000ull, 0x6000'0008ull})
    e.put(at, __builtin_bswap64(e.get(at)));
  CHECK(e.access(EnvB::va).pa == Pa{0x5000'1238});
  e.regs.sctlr_el2 |= one(25);
  CHECK(syndrome(e).s1ptw());  // stage 2 is still little-endian
}

TEST_CASE("spec 1.2.1: at EL0 cache maintenance needs the right to read, at both stages") {
  for (const Operation op : {Operation::dc_clean, Operation::ic}) {
    EnvB e;
    e.put(EnvB::s1_leaf, s1_leaf_word | 0x40);
    e.put(EnvB::data_entry, 0x5000'1000 | 0x73f);  // S2AP = 00
    CHECK(allowed(e, store, op));                  // EL1
    e.now.el = 0;
    CHECK_FALSE(allowed(e, store_el0, op));
    e.put(EnvB::data_entry, 0x5000'1000 | 0x77f);  // readable
    CHECK(allowed(e, store_el0, op));
    e.put(EnvB::s1_leaf, s1_leaf_word);  // stage 1: EL1 only
    CHECK_FALSE(allowed(e, store_el0, op));
  }
}

TEST_CASE("T014 on a table walk: a stage-1 table beyond stage 2's input: S1PTW, level 0") {
  EnvB e;
  e.put(0x6000'1000, 0x100'8000'0003);  // bit 40
  const Syndrome s = syndrome(e);
  CHECK(s.esr == 0x9200'0084);
  CHECK(s.hpfar == (0x100'8000'0000 >> 12 << 4));
  CHECK(s.target_el == 2);
}

TEST_CASE("T005 and T018 on a table walk: refused before any read: S1PTW, level 0") {
  EnvB e;
  e.regs.vtcr_el2 = (e.regs.vtcr_el2 & ~low_mask(6)) | 20;
  CHECK(syndrome(e).esr == 0x9200'0084);
  CHECK(e.reads() == 0);
  EnvB beyond;
  beyond.regs.vttbr_el2 = 0x100'4100'0000;
  const Syndrome s = syndrome(beyond, store);
  CHECK(s.esr == 0x9200'00c0);
  CHECK(s.hpfar == 0x180'0020);  // the page of the first stage-1 descriptor
}

TEST_CASE("T034 on a table walk: nothing answers at a stage-2 table: to EL2, S1PTW") {
  EnvB e;
  e.port.broken.insert(EnvB::ptp_entry);
  const Syndrome s = syndrome(e);
  CHECK(s.target_el == 2);
  CHECK(s.s1ptw());
  CHECK(s.fsc() == 0x17);
  CHECK_FALSE(s.hpfar_valid);
}

// Spec 1.5: one leaf with everything wrong, mended one thing at a time.
TEST_CASE("spec 1.5: Address size, Access flag, Alignment, Permission, in this order") {
  EnvA1 e;
  const std::uint64_t valid = 0x5000'3003, af = one(10), readable = 0x40, normal = 0x3c;
  const auto status = [&](std::uint64_t word) {
    e.set_leaf(word);
    const WalkReply reply = e.access(EnvA::x + 1, load, Operation::unaligned);
    return reply.fault ? e.syndrome(reply, EnvA::x + 1).fsc() : 0x3f;
  };
  CHECK(status(valid | one(40)) == 0x03);
  CHECK(status(valid) == 0x0b);
  CHECK(status(valid | af) == 0x21);
  CHECK(status(valid | af | normal) == 0x0f);
  CHECK(status(valid | af | normal | readable) == 0x3f);
}

TEST_CASE("spec 5.2: with stage 1 off data is Device memory to it, but with HCR_EL2.DC") {
  EnvA e;
  for (const Operation op : {Operation::unaligned, Operation::dc_zva}) {
    e.regs.hcr_el2 = one(31) | 1;
    WalkReply reply = e.access(EnvA::x, store, op);
    CHECK(e.syndrome(reply, EnvA::x, store).fsc() == 0x21);
    CHECK(e.syndrome(reply, EnvA::x, store).target_el == 1);  // stage 1 denies it
    CHECK(e.reads() == 0);
    e.regs.hcr_el2 |= one(12);
    CHECK_FALSE(e.access(EnvA::x, store, op).fault);
    e.regs.hcr_el2 = one(31);  // no stage at all
    CHECK(e.access(EnvA::x, store, op).fault.cause == FaultCause::alignment);
    CHECK_FALSE(e.access(EnvA::x, store).fault);
  }
}

TEST_CASE("features that are not there: their register bits mean nothing") {
  EnvB e;
  SUBCASE("FEAT_HAFDBS: no hardware access flag, at either stage") {
    e.features.hafdbs = 0;
    e.regs.tcr_el1 |= one(39);
    e.regs.vtcr_el2 |= one(21);
    e.put(EnvB::s1_leaf, s1_leaf_word & ~one(10));
    CHECK(syndrome(e).esr == 0x9600'000b);
    e.put(EnvB::s1_leaf, s1_leaf_word);
    e.put(EnvB::data_entry, (0x5000'1000 | EnvB::rw) & ~one(10));
    CHECK(syndrome(e).esr == 0x9200'000b);
  }
  SUBCASE("FEAT_S2FWB: MemAttr 0b0111 is not Device to the old encoding, 0b0011 is") {
    e.features.fwb = false;
    e.regs.hcr_el2 |= one(46);
    e.put(EnvB::data_entry, 0x5000'1000 | 0x7c3 | 7 << 2);
    CHECK(allowed(e, load, Operation::unaligned));
    e.put(EnvB::data_entry, 0x5000'1000 | 0x7c3 | 3 << 2);
    CHECK_FALSE(allowed(e, load, Operation::unaligned));
  }
  SUBCASE("FEAT_HPDS, FEAT_E0PD, FEAT_PAN, FEAT_UAO") {
    e.features.hpds = e.features.e0pd = e.features.uao = false;
    e.features.pan = 0;
    e.put(0x6000'1000, 0x1'8000'0003 | one(62));  // APTable: read-only
    e.regs.tcr_el1 |= one(41) | one(55);
    e.put(EnvB::s1_leaf, s1_leaf_word | 0x40);
    CHECK_FALSE(allowed(e, store));  // HPD0 does not lift it
    CHECK(allowed(e, load_el0));     // E0PD0 does not forbid it
    e.now.pan = true;
    CHECK(allowed(e, load));
    e.now.uao = true;
    e.put(EnvB::s1_leaf, s1_leaf_word);
    CHECK_FALSE(allowed(e, load_el0));  // LDTR stays unprivileged
  }
  SUBCASE("FEAT_VHE: E2H means nothing") {
    e.features.vhe = false;
    e.regs.hcr_el2 |= one(34);
    CHECK(regime_of(2, e.regs, e.features) == Regime::el2);
  }
}
