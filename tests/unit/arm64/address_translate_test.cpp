// AT instructions: PSTATE.PAN (FEAT_PAN2), and PAR_EL1's memory attributes (spec 1.2.2).
#include "arm64/address_translate.h"

#include <doctest/doctest.h>

#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr AtOperation s1e1r{}, s12e1r{.both_stages = true},
    s12e1w{.both_stages = true, .write = true};
constexpr AtOperation s1e1rp{.with_pan = true}, s1e1wp{.write = true, .with_pan = true};

// ENV-B with caches on (SCTLR_EL1.C) and every kind of memory in MAIR_EL1.
struct WithAttributes : EnvB {
  WithAttributes() {
    regs.sctlr_el1 |= one(2);
    regs.mair_el1 = 0x00'04'0c'44'bb'4f'73'ff;
  }
  void set_stage1(unsigned index, unsigned sh) {
    put(s1_leaf, data_ipa | 0x403 | std::uint64_t{index} << 2 | std::uint64_t{sh} << 8);
  }
  void set_stage2(unsigned mem_attr, unsigned sh) {
    put(data_entry, 0x5000'1000 | 0x4c3 | std::uint64_t{mem_attr} << 2 | std::uint64_t{sh} << 8);
  }
  std::uint64_t par(const AtOperation& op) {
    const AtResult result = address_translate(engine(), op, Va{va}, caches, port);
    CHECK_FALSE(result.exception);
    return result.par;
  }
  unsigned attribute(const AtOperation& op) { return static_cast<unsigned>(par(op) >> 56); }
  unsigned sh(const AtOperation& op) { return static_cast<unsigned>(bits(par(op), 8, 7)); }
};

}  // namespace

TEST_CASE("T073: AT S1E1R gives stage 1's attributes, whatever stage 2 says") {
  WithAttributes e;
  e.set_stage2(0, 0);
  constexpr unsigned mair[] = {0xff, 0x73, 0x4f, 0xbb, 0x44, 0x0c, 0x04, 0x00};
  for (unsigned index = 0; index < 8; ++index)
    for (const unsigned sh : {0u, 2u, 3u}) {
      e.set_stage1(index, sh);
      CHECK(e.attribute(s1e1r) == mair[index]);
      CHECK(e.sh(s1e1r) == (index >= 4 ? 2u : sh));  // Device, Non-cacheable: Outer Shareable
    }
  e.set_stage1(0, 3);
  e.regs.sctlr_el1 &= ~one(2);  // data caches off: Normal memory is Non-cacheable
  CHECK(e.attribute(s1e1r) == 0x44);
}

TEST_CASE("spec 1.2.2: AT S12: the weaker cacheability, the stricter Device, the wider sharing") {
  WithAttributes e;
  struct Row {
    unsigned index, sh1, mem_attr, sh2, attribute, sh;
  };
  constexpr Row rows[] = {
      {0, 3, 0b1111, 3, 0xff, 3}, {0, 0, 0b1111, 0, 0xff, 0}, {0, 0, 0b1111, 3, 0xff, 3},
      {0, 3, 0b1111, 2, 0xff, 2}, {0, 3, 0b1010, 3, 0xbb, 3},  // Write-Through wins
      {0, 3, 0b0101, 3, 0x44, 2},                              // Non-cacheable wins, and is shared
      {0, 3, 0b0111, 3, 0x4f, 3},                              // outer and inner apart
      {1, 3, 0b1111, 3, 0x73, 3},                              // transient, hints of stage 1
      {3, 3, 0b1111, 3, 0xbb, 3}, {4, 3, 0b1111, 3, 0x44, 2}, {0, 3, 0b0011, 3, 0x0c, 2},
      {0, 3, 0b0000, 3, 0x00, 2},                              // Device at stage 2 alone
      {5, 3, 0b1111, 3, 0x0c, 2}, {5, 3, 0b0101, 3, 0x0c, 2},  // Device at stage 1 alone
      {5, 3, 0b0001, 3, 0x04, 2}, {7, 3, 0b0011, 3, 0x00, 2},  // the stricter Device
  };
  for (const Row& r : rows) {
    e.set_stage1(r.index, r.sh1);
    e.set_stage2(r.mem_attr, r.sh2);
    INFO("MAIR index ", r.index, " MemAttr ", r.mem_attr);
    CHECK(e.attribute(s12e1r) == r.attribute);
    CHECK(e.sh(s12e1r) == r.sh);
    CHECK(e.par(s12e1w) == e.par(s12e1r));
  }
}

TEST_CASE("spec 1.2.2: with FWB stage 2 forces, keeps or weakens") {
  WithAttributes e;
  e.regs.hcr_el2 |= one(46);
  struct Row {
    unsigned index, mem_attr, attribute, sh;
  };
  constexpr Row rows[] = {
      {4, 0b0110, 0xff, 2}, {3, 0b0110, 0xff, 3}, {5, 0b0110, 0xff, 2},  // Write-Back
      {1, 0b0110, 0x77, 3},                                              // hints, where there are
      {4, 0b0111, 0x44, 2}, {3, 0b0111, 0xbb, 3}, {5, 0b0111, 0x0c, 2},  // as stage 1 says
      {0, 0b0101, 0x44, 2}, {5, 0b0101, 0x0c, 2},                        // Non-cacheable
      {0, 0b0001, 0x04, 2}, {7, 0b0001, 0x00, 2},                        // Device
      {0, 0b1110, 0xff, 3},                                              // MemAttr[3] is RES0
  };
  for (const Row& r : rows) {
    e.set_stage1(r.index, 3);
    e.set_stage2(r.mem_attr, 3);
    INFO("MAIR index ", r.index, " MemAttr ", r.mem_attr);
    CHECK(e.attribute(s12e1r) == r.attribute);
    CHECK(e.sh(s12e1r) == r.sh);
  }
}

TEST_CASE(
    "HCR_EL2.CD makes data Non-cacheable at stage 2; DC gives memory without stage 1 a type") {
  WithAttributes e;
  e.set_stage1(0, 3);
  e.set_stage2(0b1111, 3);
  e.regs.hcr_el2 |= one(32);
  CHECK(e.attribute(s12e1r) == 0x44);
  CHECK(e.attribute(s1e1r) == 0xff);

  EnvA a;  // stage 1 off
  const auto attribute = [&](const AtOperation& op) {
    return address_translate(a.engine(), op, Va{EnvA::x}, a.caches, a.port).par >> 56;
  };
  CHECK(attribute(s12e1r) == 0x00);
  CHECK(attribute(s1e1r) == 0x00);
  a.regs.hcr_el2 |= one(12);
  CHECK(attribute(s12e1r) == 0xff);
  CHECK(attribute(s1e1r) == 0xff);
}

TEST_CASE("with DS the registers say how memory is shared") {
  WithAttributes e;
  e.features = Features::all();
  e.set_stage1(0, 0);
  e.regs.tcr_el1 |= one(59) | 2 << 12;
  e.regs.vtcr_el2 = (e.regs.vtcr_el2 & ~field_mask(13, 12)) | one(32);
  // [9:8] are address bits now: the tables of ENV-B have shareable entries, so stage 2 goes off.
  e.regs.hcr_el2 = one(31);
  e.put(0x1'8000'2010, 0x1'8000'1003);
  e.put(0x1'8000'1000, 0x1'8000'0003);
  e.put(0x1'8000'0008, EnvB::data_ipa | 0x403);
  CHECK(e.sh(s1e1r) == 2);
  CHECK(e.attribute(s1e1r) == 0xff);
}

TEST_CASE("AT S1E1RP and S1E1WP heed PSTATE.PAN, S1E1R does not") {
  WithAttributes e;
  e.put(EnvB::s1_leaf, EnvB::data_ipa | 0x743);  // EL0 may reach it
  CHECK((e.par(s1e1rp) & 1) == 0);
  e.now.pan = true;
  CHECK((e.par(s1e1r) & 1) == 0);
  CHECK(e.par(s1e1rp) == (0x801 | 0x0f << 1));  // Permission fault, level 3, stage 1
  CHECK(e.par(s1e1wp) == (0x801 | 0x0f << 1));
  e.put(EnvB::s1_leaf, EnvB::data_ipa | 0x703);  // EL1 only
  CHECK((e.par(s1e1rp) & 1) == 0);
  CHECK((e.par(s1e1wp) & 1) == 0);
  e.put(EnvB::s1_leaf, EnvB::data_ipa | 0x783);  // EL1 only, read-only
  CHECK((e.par(s1e1rp) & 1) == 0);
  CHECK((e.par(s1e1wp) & 1) == 1);
}
