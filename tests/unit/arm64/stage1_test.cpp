// Stage 1 of the regimes: halves, ignored top bytes, permissions of every combination of bits.
#include <doctest/doctest.h>

#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

// One stage: both halves with one 1G block each, in 39-bit spaces.
struct OneStage : Env {
  static constexpr std::uint64_t low_root = 0x1000'0000, high_root = 0x1100'0000;
  static constexpr std::uint64_t high_va = ~low_mask(39);
  OneStage() {
    features = Features::all();
    regs.hcr_el2 = one(31);
    regs.sctlr_el1 = 1;
    regs.mair_el1 = 0xff;
    regs.tcr_el1 = 25 | 25 << 16 | std::uint64_t{2} << 30 | std::uint64_t{5} << 32;
    regs.ttbr0_el1 = low_root | std::uint64_t{0x11} << 48;
    regs.ttbr1_el1 = high_root | std::uint64_t{0x22} << 48;
    put(low_root, 0x4000'0741);
    put(high_root, 0x8000'0741);
  }
  unsigned status(std::uint64_t va, const Access& how = load) {
    const WalkReply reply = access(va, how);
    return reply.fault ? syndrome(reply, va, how).fsc() : 0x3f;
  }
};

}  // namespace

TEST_CASE("bit 55 selects the half; the bits above the input size must agree") {
  OneStage e;
  CHECK(e.access(0x123).pa == Pa{0x4000'0123});
  CHECK(e.access(OneStage::high_va + 0x123).pa == Pa{0x8000'0123});
  CHECK(e.status(one(39)) == 0x04);
  CHECK(e.status(OneStage::high_va & ~one(45)) == 0x04);
  CHECK(e.status(one(60)) == 0x04);
}

TEST_CASE("TBI ignores the top byte, TBID only for data; TLBs know one address for all") {
  OneStage e;
  e.regs.tcr_el1 |= one(37) | one(38);
  const std::uint64_t tagged = std::uint64_t{0xab} << 56 | 0x123;
  CHECK(e.access(tagged).pa == Pa{0x4000'0123});
  CHECK(e.access(tagged).entry.page == Va{0});
  CHECK(e.access((OneStage::high_va & low_mask(56)) + 0x123).pa == Pa{0x8000'0123});
  CHECK(e.engine().cached_address(Va{tagged}, load) == Va{0x123});
  CHECK(e.engine().cached_address(Va{one(55)}, load) == Va{field_mask(63, 55)});
  CHECK_FALSE(e.access(tagged, fetch_el0).fault);
  e.regs.tcr_el1 |= one(51);
  CHECK(e.status(tagged, fetch_el0) == 0x04);
  CHECK_FALSE(e.access(tagged).fault);
}

TEST_CASE("A1 and AS choose the ASID") {
  OneStage e;
  e.regs.ttbr1_el1 |= std::uint64_t{0x33} << 56;
  CHECK(e.engine().tag().space == 0x11);
  e.regs.tcr_el1 |= one(22);
  CHECK(e.engine().tag().space == 0x22);
  e.regs.tcr_el1 |= one(36);
  CHECK(e.engine().tag().space == 0x3322);
}

TEST_CASE("E0PD keeps EL0 out of a half; EPD1 ends walks of the upper one") {
  OneStage e;
  e.regs.tcr_el1 |= one(56);
  CHECK(e.status(OneStage::high_va, load_el0) == 0x04);
  const WalkReply filled = e.access(OneStage::high_va, load);
  CHECK_FALSE(filled.fault);
  CHECK(e.engine().serves(filled.entry.attributes, load));
  CHECK_FALSE(e.engine().serves(filled.entry.attributes, load_el0));
  const WalkReply low = e.access(0, load_el0);
  CHECK_FALSE(low.fault);
  CHECK(e.engine().serves(low.entry.attributes, load_el0));
  e.regs.tcr_el1 |= one(23);
  CHECK(e.status(OneStage::high_va, load) == 0x04);
}

TEST_CASE("different granules in the two halves") {
  OneStage e;
  e.regs.tcr_el1 = (e.regs.tcr_el1 & ~field_mask(31, 30)) | std::uint64_t{3} << 30;  // TG1 = 64K
  e.put(OneStage::high_root + 8 * 0x3ff, 0x1200'0003);
  e.put(0x1200'0000 + 8 * 0x1fff, 0x9000'0743);
  CHECK(e.access(~std::uint64_t{0xffff} + 0x8123).pa == Pa{0x9000'8123});
  CHECK(e.access(0x123).pa == Pa{0x4000'0123});
}

// Every combination of AP, UXN, PXN, APTable, UXNTable, PXNTable, HPD, WXN, PAN, against the rules
// written out one by one (spec 1.2.1).
TEST_CASE("stage-1 permissions: every combination, EL1 and EL0") {
  for (unsigned n = 0; n < 1u << 11; ++n) {
    const auto flag = [&](unsigned i) { return (n >> i & 1) != 0; };
    const bool ap1 = flag(0), ap2 = flag(1), uxn = flag(2), pxn = flag(3), hpd = flag(8);
    OneStage e;
    e.put(OneStage::low_root, 0x1200'0003 | std::uint64_t{flag(4)} << 61 |
                                  std::uint64_t{flag(5)} << 62 | std::uint64_t{flag(6)} << 60 |
                                  std::uint64_t{flag(7)} << 59);
    e.put(0x1200'0000,
          0x4000'0701 | ap1 << 6 | ap2 << 7 | std::uint64_t{uxn} << 54 | std::uint64_t{pxn} << 53);
    if (hpd) e.regs.tcr_el1 |= one(41);
    if (flag(9)) e.regs.sctlr_el1 |= one(19);
    e.now.pan = flag(10);
    const bool no_el0 = flag(4) && !hpd, no_write = flag(5) && !hpd;
    const bool user = ap1 && !no_el0, can_write = !ap2 && !no_write;
    const bool el0_write = user && can_write, wxn = flag(9);
    const bool el0_fetch = !uxn && !(flag(6) && !hpd) && !(wxn && el0_write);
    const bool el1_fetch = !pxn && !(flag(7) && !hpd) && !el0_write && !(wxn && can_write);
    const bool el1_data = !(flag(10) && user);
    CHECK(!e.access(0, load).fault == el1_data);
    CHECK(!e.access(0, store).fault == (el1_data && can_write));
    CHECK(!e.access(0, fetch).fault == el1_fetch);
    e.now.el = 0;
    CHECK(!e.access(0, load_el0).fault == user);
    CHECK(!e.access(0, store_el0).fault == el0_write);
    CHECK(!e.access(0, fetch_el0).fault == el0_fetch);
  }
}

TEST_CASE("a TLB entry serves exactly the accesses that a walk would allow") {
  for (unsigned n = 0; n < 1u << 6; ++n) {
    OneStage e;
    e.put(OneStage::low_root, 0x4000'0701 | (n & 3) << 6 | std::uint64_t{n >> 2 & 3} << 53);
    if (n & 16) e.regs.sctlr_el1 |= one(19);
    const bool pan = n & 32;
    WalkReply any;
    for (const Access& how : {load, store, fetch, load_el0, store_el0, fetch_el0}) {
      any = e.access(0, how);
      if (!any.fault) break;
    }
    if (any.fault) continue;
    e.now.pan = pan;  // set after the entry was made
    for (const Access& how : {load, store, fetch, load_el0, store_el0, fetch_el0})
      CHECK(e.engine().serves(any.entry.attributes, how) == !e.access(0, how).fault);
  }
}

TEST_CASE("UAO and EL2: whose rights LDTR uses") {
  OneStage e;
  e.put(OneStage::low_root, 0x4000'0701);  // EL1 only
  CHECK(e.status(0, load_el0) == 0x0d);
  e.now.uao = true;
  CHECK_FALSE(e.access(0, load_el0).fault);
}

TEST_CASE("EPAN: PAN also for what EL0 may only execute") {
  OneStage e;
  e.put(OneStage::low_root, 0x4000'0701);  // EL0: execute only
  e.now.pan = true;
  e.regs.sctlr_el1 |= one(57);
  CHECK_FALSE(e.access(0, load).fault);
  e.features.pan = 3;
  CHECK(e.status(0, load) == 0x0d);
}

TEST_CASE("DC and TGE switch stage 1 off; addresses beyond PAMax are Address size faults") {
  OneStage e;
  e.features.pa_bits = 40;
  e.regs.hcr_el2 |= one(27);  // TGE
  CHECK(e.access(0x123).pa == Pa{0x123});
  const WalkReply beyond = e.access(one(40));
  CHECK(beyond.fault.stage == 1);
  CHECK(e.syndrome(beyond, one(40)).fsc() == 0x00);
  e.regs.hcr_el2 = one(31) | one(12);  // DC: stage 2 on, although VM = 0
  e.regs.vtcr_el2 = 0x8002'3558;
  e.regs.vttbr_el2 = 0x4100'0000;
  const WalkReply missing = e.access(0x123);
  CHECK(missing.fault.stage == 2);
  CHECK(missing.fault.cause == FaultCause::not_present);
}

TEST_CASE("level -1 faults have their own codes") {
  OneStage e;
  e.regs.tcr_el1 = 12 | one(23) | std::uint64_t{6} << 32 | one(59);  // 52 bits, 4K, DS
  CHECK(e.status(0) == 0x2b);
  e.regs.tcr_el1 = 12 | one(23) | std::uint64_t{5} << 32 | one(59);
  e.put(OneStage::low_root, 0x1200'0003 | one(49));
  CHECK(e.status(0) == 0x29);
  e.port.broken.insert(OneStage::low_root);
  CHECK(e.status(0) == 0x13);
}
