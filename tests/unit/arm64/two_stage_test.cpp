// Spec 5.3: stage 1 over stage 2.
#include <doctest/doctest.h>

#include "arm64/address_translate.h"
#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr std::uint64_t read_only = 0x77f, write_only = 0x7bf;
constexpr std::uint64_t dbm = one(51), af = one(10);

Syndrome syndrome(EnvB& e, const Access& how = load, std::uint64_t va = EnvB::va) {
  const WalkReply reply = e.access(va, how);
  REQUIRE(reply.fault);
  return e.syndrome(reply, va, how);
}
void check_ptw(const Syndrome& s, std::uint32_t esr) {
  CHECK(s.esr == esr);
  CHECK(s.target_el == 2);
  CHECK(s.far == EnvB::va);
  CHECK(s.hpfar_valid);
  CHECK(s.hpfar == 0x180'0000);
}
// AP[2:1] of the stage-1 leaf.
void set_s1(EnvB& e, std::uint64_t word) { e.put(EnvB::s1_leaf, word); }
constexpr std::uint64_t s1_leaf_word = EnvB::data_ipa | 0x703;
constexpr std::uint64_t tcr_ha = one(39), tcr_hd = one(40), vtcr_ha = one(21), vtcr_hd = one(22);

}  // namespace

TEST_CASE("ENV-B: the environment itself translates") {
  EnvB e;
  const WalkReply reply = e.access(EnvB::va);
  CHECK(reply.pa == Pa{0x5000'1238});
  CHECK(e.reads() == 15);
}

TEST_CASE("T056: the stage-1 table's page is invalid at stage 2") {
  EnvB e;
  e.put(EnvB::ptp_entry, 0);
  check_ptw(syndrome(e, load), 0x9200'0087);
  check_ptw(syndrome(e, store), 0x9200'00c7);
  check_ptw(syndrome(e, fetch), 0x8200'0087);
}

TEST_CASE("T057: the level is that of stage 2") {
  EnvB e;
  // A fault at level 2 for the last-level table's page alone: it moves to a 2M region of its own.
  e.put(0x6000'1000, 0x1'8020'0003);
  const WalkReply reply = e.access(EnvB::va);
  const Syndrome s = e.syndrome(reply, EnvB::va);
  CHECK(s.s1ptw());
  CHECK(s.fsc() == 0x06);
  CHECK(s.hpfar == 0x180'2000);
}

TEST_CASE("T058: no right to read the stage-1 table") {
  EnvB e;
  e.set_ptp(EnvB::rw & ~std::uint64_t{3 << 6});
  check_ptw(syndrome(e), 0x9200'008f);
}

TEST_CASE("T059: access flag of the stage-1 table's page") {
  EnvB e;
  e.set_ptp(EnvB::rw & ~af);
  check_ptw(syndrome(e), 0x9200'008b);
}

TEST_CASE("T060: a walk without updates only reads its tables") {
  EnvB e;
  e.set_ptp(read_only);
  CHECK_FALSE(e.access(EnvB::va, store).fault);
}

TEST_CASE("T061: write-only stage-1 table, store") {
  EnvB e;
  e.set_ptp(write_only);
  check_ptw(syndrome(e, store), 0x9200'00cf);
}

TEST_CASE("T062: the hardware access flag needs stage 2's right to write the table") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha;
  set_s1(e, s1_leaf_word & ~af);
  e.set_ptp(read_only);
  check_ptw(syndrome(e, load), 0x9200'008f);
  check_ptw(syndrome(e, fetch), 0x8200'008f);
}

TEST_CASE("T063: the hardware dirty state needs it too; a load does not") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha | tcr_hd;
  set_s1(e, s1_leaf_word | one(7) | dbm);
  e.set_ptp(read_only);
  check_ptw(syndrome(e, store), 0x9200'00cf);
  CHECK_FALSE(e.access(EnvB::va, load).fault);
  e.set_ptp(EnvB::rw);
  CHECK_FALSE(e.access(EnvB::va, store).fault);
  CHECK(e.get(EnvB::s1_leaf) == (s1_leaf_word | dbm));  // AP[2] clear: dirty
}

TEST_CASE("T064: a stage-1 update makes the table's own page dirty at stage 2") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha;
  e.regs.vtcr_el2 |= vtcr_ha | vtcr_hd;
  set_s1(e, s1_leaf_word & ~af);
  e.set_ptp(read_only | dbm);
  CHECK_FALSE(e.access(EnvB::va, load).fault);
  CHECK(e.get(EnvB::ptp_entry) == (0x6000'0000 | read_only | dbm | one(7)));
  CHECK(e.get(EnvB::s1_leaf) == s1_leaf_word);
}

TEST_CASE("T065: data page invalid at stage 2 with a stage-1 update due") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha;
  set_s1(e, s1_leaf_word & ~af);
  e.put(EnvB::data_entry, 0);
  const Syndrome s = syndrome(e, load);
  CHECK(s.esr == 0x9200'0007);
  CHECK(s.hpfar == 0x100'0010);
  CHECK((e.get(EnvB::s1_leaf) | af) == s1_leaf_word);  // set or not
}

TEST_CASE("T066: table read-only and data page invalid: either fault") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha;
  set_s1(e, s1_leaf_word & ~af);
  e.set_ptp(read_only);
  e.put(EnvB::data_entry, 0);
  SUBCASE("of the table walk") { check_ptw(syndrome(e, load), 0x9200'008f); }
  SUBCASE("of the final address") {
    e.knobs.update_fault = Knobs::UpdateFault::final_address;
    const Syndrome s = syndrome(e, load);
    CHECK(s.esr == 0x9200'0007);
    CHECK(s.hpfar == 0x100'0010);
    // There is a choice only where both would fault, and only for updates.
    e.put(EnvB::data_entry, 0x5000'1000 | EnvB::rw);
    check_ptw(syndrome(e, load), 0x9200'008f);
    e.put(EnvB::data_entry, 0);
    e.set_ptp(0x7ff & ~std::uint64_t{3 << 6});
    check_ptw(syndrome(e, load), 0x9200'008f);
  }
}

TEST_CASE("T051 at stage 1: a denied access with the access flag clear") {
  EnvB e;
  e.regs.tcr_el1 |= tcr_ha;
  const std::uint64_t read_only_old = (s1_leaf_word | one(7)) & ~af;
  set_s1(e, read_only_old);
  CHECK(syndrome(e, store).fsc() == 0x0f);
  CHECK(e.get(EnvB::s1_leaf) == read_only_old);
  e.knobs.access_flag_on_denied = true;
  e.set_ptp(read_only);  // the mark cannot be made: the fault is the same
  CHECK(syndrome(e, store).esr == 0x9600'004f);
  CHECK(e.get(EnvB::s1_leaf) == read_only_old);
  e.set_ptp(EnvB::rw);
  CHECK(syndrome(e, store).esr == 0x9600'004f);
  CHECK(e.get(EnvB::s1_leaf) == (read_only_old | af));
}

TEST_CASE("T067: a stage-1 Permission fault comes before stage 2") {
  EnvB e;
  set_s1(e, s1_leaf_word | one(7));
  e.put(EnvB::data_entry, 0);
  const Syndrome s = syndrome(e, store);
  CHECK(s.esr == 0x9600'004f);
  CHECK(s.target_el == 1);
}

TEST_CASE("T068: stage-1 address sizes") {
  EnvB e;
  e.put(0x6000'2010, 0x1'8000'1003 | one(45));
  CHECK(syndrome(e).esr == 0x9600'0001);
  e.put(0x6000'2010, 0x1'8000'1003);
  set_s1(e, s1_leaf_word | one(45));
  CHECK(syndrome(e).esr == 0x9600'0003);
}

TEST_CASE("T069: an IPA within IPS but beyond stage 2's input") {
  EnvB e;
  set_s1(e, s1_leaf_word | one(42));
  const Syndrome s = syndrome(e);
  CHECK(s.fsc() == 0x04);
  CHECK_FALSE(s.s1ptw());
  CHECK(s.hpfar == ((one(42) | EnvB::data_ipa) >> 12 << 4));
}

TEST_CASE("T070: a virtual address beyond T0SZ") {
  EnvB e;
  const Syndrome s = syndrome(e, load, 0x80'0000'0000);
  CHECK(s.esr == 0x9600'0004);
  CHECK(s.target_el == 1);
}

TEST_CASE("T071: EPD0 disables walks") {
  EnvB e;
  e.regs.tcr_el1 |= one(7);
  CHECK(syndrome(e).esr == 0x9600'0004);
  CHECK(e.reads() == 0);
}

TEST_CASE("T072: PTW and a stage-1 table in Device memory") {
  EnvB e;
  e.set_ptp(EnvB::rw & ~field_mask(5, 2));
  CHECK_FALSE(e.access(EnvB::va).fault);
  e.regs.hcr_el2 |= one(2);
  check_ptw(syndrome(e), 0x9200'008f);
}

TEST_CASE("T073: AT S1E1R at EL2 gives the intermediate address") {
  EnvB e;
  e.now.el = 2;
  const AtResult r = address_translate(e.engine(), {}, Va{EnvB::va}, e.caches, e.port);
  CHECK((r.par & 1) == 0);
  CHECK((r.par & field_mask(51, 12)) == EnvB::data_ipa);
}

TEST_CASE("T074: AT S1E1R of an invalid stage-1 page") {
  EnvB e;
  set_s1(e, 0);
  const AtResult r = address_translate(e.engine(), {}, Va{EnvB::va}, e.caches, e.port);
  CHECK_FALSE(r.exception);
  CHECK(r.par == 0x80f);
}

TEST_CASE("T075: AT S1E1R with the table's page invalid at stage 2: exception, or PAR at EL2") {
  EnvB e;
  e.put(EnvB::ptp_entry, 0);
  const AtResult at_el1 = address_translate(e.engine(), {}, Va{EnvB::va}, e.caches, e.port);
  REQUIRE(at_el1.exception);
  CHECK(at_el1.exception->esr == 0x9200'01c7);
  CHECK(at_el1.exception->target_el == 2);
  e.now.el = 2;
  const AtResult at_el2 = address_translate(e.engine(), {}, Va{EnvB::va}, e.caches, e.port);
  CHECK_FALSE(at_el2.exception);
  CHECK((at_el2.par & 0x301) == 0x301);  // F, PTW, S
}

TEST_CASE("T079: a stage-1 walk-cache hit on the last table: with its PA, or its IPA only") {
  for (const bool physical : {true, false}) {
    EnvB e;
    WalkCachesSpec spec;
    spec.stage1 = {{0, {.entries = 4}}};
    spec.stage1_holds_physical = physical;
    WalkCaches caches(spec, 0);
    Engine cpu = e.engine();
    cpu.walk(Va{EnvB::va}, load, caches, e.port);
    e.port.fetches.clear();
    CHECK(cpu.walk(Va{EnvB::va}, load, caches, e.port).pa == Pa{0x5000'1238});
    CHECK(e.reads() == (physical ? 4 : 7));
  }
}

TEST_CASE("external aborts on a stage-1 table go to EL1, or to EL2 with TEA") {
  EnvB e;
  e.port.broken.insert(EnvB::s1_leaf);
  CHECK(syndrome(e).target_el == 1);
  CHECK(syndrome(e).fsc() == 0x17);
  e.regs.hcr_el2 |= one(37);
  CHECK(syndrome(e).target_el == 2);
}

TEST_CASE("an entry is the smaller of the two stages' sizes, and global only without nG") {
  EnvB e;
  CHECK(e.access(EnvB::va).entry.global);
  set_s1(e, s1_leaf_word | one(11));
  const WalkReply reply = e.access(EnvB::va);
  CHECK_FALSE(reply.entry.global);
  CHECK(reply.entry.size_lg2 == 12);
  e.put(0x6000'1000, 0x1'0000'0000 | 0x741);  // stage 1: 2M block
  const WalkReply block = e.access(EnvB::va);
  CHECK(block.stage1_size_lg2 == 21);
  CHECK(block.stage2_size_lg2 == 12);
  CHECK(block.entry.size_lg2 == 12);
  CHECK(block.entry.origin_lg2() == 21);
}
