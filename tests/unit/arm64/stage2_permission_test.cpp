// Spec 5.2: stage-2 permissions, access flag and dirty state, and the syndrome, with stage 1 on.
#include <doctest/doctest.h>

#include "arm64/address_translate.h"
#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr std::uint64_t s2ap_mask = 3 << 6, xn_mask = std::uint64_t{3} << 53, dbm = one(51);
constexpr std::uint64_t vtcr_ha = one(21), vtcr_hd = one(22), af = one(10), written = one(7);

std::uint64_t with_s2ap(std::uint64_t s2ap) { return (EnvA::page & ~s2ap_mask) | s2ap << 6; }
std::uint64_t with_xn(std::uint64_t xn) { return (EnvA::page & ~xn_mask) | xn << 53; }

std::uint32_t esr(EnvA1& e, const Access& how, const Instruction& instruction = {},
                  std::uint64_t va = EnvA::x) {
  const WalkReply reply = e.access(va, how, instruction.operation);
  REQUIRE(reply.fault);
  const Syndrome s = e.syndrome(reply, va, how, instruction);
  CHECK(s.target_el == 2);
  return s.esr;
}
Instruction operation(Operation op) {
  Instruction instruction;
  instruction.operation = op;
  return instruction;
}

}  // namespace

TEST_CASE("T035: invalid leaf: load, store, fetch") {
  EnvA1 e;
  e.set_leaf(0);
  CHECK(esr(e, load, ldr_x0) == 0x93c0'8007);
  CHECK(esr(e, store, str_x1) == 0x93c1'8047);
  CHECK(esr(e, fetch) == 0x8200'0007);
  const WalkReply reply = e.access(EnvA::x);
  CHECK(e.syndrome(reply, EnvA::x).hpfar == 0x100'2030);
}

TEST_CASE("T036: LDP, LDR with writeback, CAS, DC ZVA: ISV = 0") {
  EnvA1 e;
  e.set_leaf(0);
  CHECK(esr(e, load) == 0x9200'0007);
  CHECK(esr(e, compare_and_swap) == 0x9200'0007);
  CHECK(esr(e, store, operation(Operation::dc_zva)) == 0x9200'0047);
}

TEST_CASE("T037: invalid at levels 1, 2, 3") {
  EnvA1 e;
  e.set_leaf(0);
  CHECK((esr(e, load) & 0x3f) == 0x07);
  e.put(EnvA::t2 + 8, 0);
  CHECK((esr(e, load) & 0x3f) == 0x06);
  e.put(EnvA::root + 0x20, 0);
  CHECK((esr(e, load) & 0x3f) == 0x05);
}

TEST_CASE("T038: no right to read; HPFAR is UNKNOWN, or given by choice") {
  EnvA1 e;
  e.set_leaf(with_s2ap(0));
  CHECK(esr(e, load, ldr_x0) == 0x93c0'800f);
  WalkReply reply = e.access(EnvA::x);
  CHECK_FALSE(e.syndrome(reply, EnvA::x).hpfar_valid);
  e.knobs.hpfar_on_permission = true;
  CHECK(e.syndrome(reply, EnvA::x).hpfar == 0x100'2030);
}

TEST_CASE("T039: no right to write") {
  EnvA1 e;
  e.set_leaf(with_s2ap(1));
  CHECK(esr(e, store, str_x1) == 0x93c1'804f);
}

TEST_CASE("T040: write-only") {
  EnvA1 e;
  e.set_leaf(with_s2ap(2));
  CHECK_FALSE(e.access(EnvA::x, store).fault);
  CHECK(esr(e, load, ldr_x0) == 0x93c0'800f);
  CHECK(esr(e, compare_and_swap) == 0x9200'000f);
}

TEST_CASE("T041: read-only, CAS: the write is denied") {
  EnvA1 e;
  e.set_leaf(with_s2ap(1));
  CHECK(esr(e, compare_and_swap) == 0x9200'004f);
}

TEST_CASE("T042: no rights, CAS: the read is denied first") {
  EnvA1 e;
  e.set_leaf(with_s2ap(0));
  CHECK(esr(e, compare_and_swap) == 0x9200'000f);
}

TEST_CASE("T043: XN[1:0] with FEAT_XNX, EL1 and EL0") {
  constexpr bool el1_ok[] = {true, false, false, true}, el0_ok[] = {true, true, false, false};
  for (unsigned xn = 0; xn < 4; ++xn) {
    EnvA1 e;
    e.set_leaf(with_xn(xn));
    CHECK(!e.access(EnvA::x, fetch).fault == el1_ok[xn]);
    if (!el1_ok[xn]) CHECK(esr(e, fetch) == 0x8200'000f);
    e.put(EnvA1::s1_root + 0x20, 0x1'0000'0741);  // EL0 may reach it
    e.now.el = 0;
    CHECK(!e.access(EnvA::x, fetch_el0).fault == el0_ok[xn]);
  }
}

TEST_CASE("T044: XN without FEAT_XNX: bit 54 alone, both levels") {
  for (unsigned xn = 0; xn < 4; ++xn) {
    EnvA1 e;
    e.features.xnx = false;
    e.set_leaf(with_xn(xn));
    CHECK(!e.access(EnvA::x, fetch).fault == (xn < 2));
    e.put(EnvA1::s1_root + 0x20, 0x1'0000'0741);
    e.now.el = 0;
    CHECK(!e.access(EnvA::x, fetch_el0).fault == (xn < 2));
  }
}

TEST_CASE("T045: execute-only") {
  EnvA1 e;
  e.set_leaf(with_s2ap(0));
  CHECK_FALSE(e.access(EnvA::x, fetch).fault);
  CHECK(esr(e, load, ldr_x0) == 0x93c0'800f);
}

TEST_CASE("T046: DC CIVAC asks for no right, but for a translation") {
  EnvA1 e;
  const Instruction civac = operation(Operation::dc_clean);
  e.set_leaf(with_s2ap(1));
  CHECK_FALSE(e.access(EnvA::x, store, Operation::dc_clean).fault);
  e.set_leaf(0);
  CHECK(esr(e, store, civac) == (0x9200'0047 | 1 << 8));
}

TEST_CASE("T047: DC IVAC needs the right to write") {
  EnvA1 e;
  e.set_leaf(with_s2ap(1));
  CHECK(esr(e, store, operation(Operation::dc_invalidate)) == (0x9200'004f | 1 << 8));
}

TEST_CASE("T048: an unaligned load from Device memory: Alignment before Permission") {
  EnvA1 e;
  e.set_leaf(with_s2ap(0) & ~field_mask(5, 2));
  CHECK((esr(e, load, operation(Operation::unaligned), EnvA::x + 1) & 0x3f) == 0x21);
  CHECK((esr(e, load) & 0x3f) == 0x0f);  // aligned: only the right is missing
}

TEST_CASE("T049: DC ZVA to Device memory") {
  EnvA1 e;
  e.set_leaf(EnvA::page & ~field_mask(5, 2));
  CHECK((esr(e, store, operation(Operation::dc_zva)) & 0x3f) == 0x21);
}

TEST_CASE("T050: hardware sets the access flag, once") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha;
  e.set_leaf(EnvA::page & ~af);
  CHECK_FALSE(e.access(EnvA::x).fault);
  CHECK(e.leaf() == EnvA::page);
  CHECK(e.port.updates == 1);
  CHECK_FALSE(e.access(EnvA::x).fault);
  CHECK(e.port.updates == 0);
}

TEST_CASE("T051: a Permission fault with the access flag clear") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha;
  e.set_leaf(with_s2ap(0) & ~af);
  CHECK((esr(e, load) & 0x3f) == 0x0f);
  CHECK(e.leaf() == (with_s2ap(0) & ~af));  // either is legal: kept clear,
  e.knobs.access_flag_on_denied = true;
  CHECK((esr(e, load) & 0x3f) == 0x0f);
  CHECK(e.leaf() == with_s2ap(0));  // or set
  CHECK(e.port.updates == 1);
}

TEST_CASE("T051: nor is the dirty state set, and an Alignment fault does the same") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha | vtcr_hd;
  e.knobs.access_flag_on_denied = true;
  const std::uint64_t denied = (with_s2ap(0) | dbm) & ~af;
  e.set_leaf(denied);
  CHECK((esr(e, compare_and_swap) & 0x3f) == 0x0f);
  CHECK(e.leaf() == (denied | af));
  const std::uint64_t device = EnvA::page & ~field_mask(5, 2) & ~af;
  e.set_leaf(device);
  CHECK((esr(e, store, operation(Operation::dc_zva)) & 0x3f) == 0x21);
  CHECK(e.leaf() == (device | af));
  e.regs.vtcr_el2 &= ~vtcr_ha;  // software's own flag: nothing is set, the flag is what faults
  e.set_leaf(denied);
  CHECK((esr(e, load) & 0x3f) == 0x0b);
  CHECK(e.leaf() == denied);
}

TEST_CASE("T052: writable-clean: a load leaves it, a store makes it dirty") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha | vtcr_hd;
  e.set_leaf(with_s2ap(1) | dbm);
  const WalkReply clean = e.access(EnvA::x);
  CHECK_FALSE((e.leaf() & written));
  CHECK_FALSE(e.engine().serves(clean.entry.attributes, store));  // the walk has to set the bit
  CHECK(e.engine().serves(clean.entry.attributes, load));
  const WalkReply dirty = e.access(EnvA::x, store);
  CHECK_FALSE(dirty.fault);
  CHECK((e.leaf() & written));
  CHECK(e.engine().serves(dirty.entry.attributes, store));
}

TEST_CASE("T053: without HD, DBM means nothing") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha;
  e.set_leaf(with_s2ap(1) | dbm);
  CHECK(esr(e, store, str_x1) == 0x93c1'804f);
  e.regs.vtcr_el2 = (e.regs.vtcr_el2 & ~vtcr_ha) | vtcr_hd;  // HD without HA: neither
  CHECK(esr(e, store, str_x1) == 0x93c1'804f);
  e.regs.vtcr_el2 |= vtcr_ha;
  e.features.hafdbs = 1;
  CHECK(esr(e, store, str_x1) == 0x93c1'804f);
}

TEST_CASE("T054: AT S12E1W translates without making the page dirty") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha | vtcr_hd;
  e.set_leaf(with_s2ap(1) | dbm);
  const AtResult result = address_translate(
      e.engine(), {.both_stages = true, .el = 1, .write = true}, Va{EnvA::x}, e.caches, e.port);
  CHECK_FALSE(result.exception);
  CHECK((result.par & 1) == 0);
  CHECK((result.par & field_mask(51, 12)) == 0x5000'3000);
  CHECK_FALSE((e.leaf() & written));
}

TEST_CASE("T055: writable-clean without the right to read: a plain store succeeds") {
  EnvA1 e;
  e.regs.vtcr_el2 |= vtcr_ha | vtcr_hd;
  e.set_leaf(with_s2ap(0) | dbm);
  CHECK_FALSE(e.access(EnvA::x, store).fault);
  CHECK((e.leaf() & written));
}

TEST_CASE("FWB: MemAttr[2] clear is Device, else not") {
  EnvA1 e;
  e.regs.hcr_el2 |= one(46);
  e.set_leaf((EnvA::page & ~field_mask(5, 2)) | 7 << 2);  // 0b0111: as stage 1 says
  CHECK_FALSE(e.access(EnvA::x + 1, load, Operation::unaligned).fault);
  e.set_leaf((EnvA::page & ~field_mask(5, 2)) | 3 << 2);
  CHECK(e.access(EnvA::x + 1, load, Operation::unaligned).fault.cause == FaultCause::alignment);
}
