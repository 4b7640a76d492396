// Spec 5.4: what TLB invalidations must remove, and no more.
#include <doctest/doctest.h>

#include "arm64/tlbi_operand.h"
#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr std::uint64_t s1_leaf_word = EnvB::data_ipa | 0x703;
constexpr std::uint64_t tag_bits_asid1 = std::uint64_t{1} << 48;

TlbEntry entry(std::uint64_t va, std::uint16_t asid, std::uint16_t vmid, bool global,
               std::uint8_t size_lg2 = 12, std::uint8_t leaf_lg2 = 12) {
  TlbEntry e;
  e.page = Va{va};
  e.frame = Pa{va};
  e.tag = {asid, vmid, 0, 0};
  e.size_lg2 = size_lg2;
  e.leaf_lg2 = leaf_lg2;
  e.global = global;
  return e;
}
void fill(Cpu& cpu, const TlbEntry& e) { cpu.tlb.fill(e, e.page); }
bool holds(Cpu& cpu, std::uint64_t va, std::uint16_t asid, std::uint16_t vmid) {
  return static_cast<bool>(cpu.tlb.lookup(Va{va}, {asid, vmid, 0, 0}));
}
void fill_stage2_tlb(Cpu& cpu, std::uint64_t ipa, std::uint16_t vmid, std::uint8_t size = 12,
                     std::uint8_t leaf = 12) {
  cpu.caches.stage2_tlb.fill({Ipa{ipa}, Pa{ipa}, size, leaf, 0, 0, 0}, {0, vmid, 0, 0});
}
bool holds_stage2_tlb(Cpu& cpu, std::uint64_t ipa, std::uint16_t vmid) {
  return cpu.caches.stage2_tlb.lookup(Ipa{ipa}, {0, vmid, 0, 0}) != nullptr;
}
void fill_walk(Cpu& cpu, std::uint64_t va, std::uint16_t asid, std::uint16_t vmid) {
  cpu.caches.stage1.fill(0, va, 21, {asid, vmid, 0, 0}, {0x1000, 0, {}});
}
bool holds_walk(Cpu& cpu, std::uint64_t va, std::uint16_t asid, std::uint16_t vmid) {
  return cpu.caches.stage1.lookup(0, va, 21, {asid, vmid, 0, 0}) != nullptr;
}

}  // namespace

TEST_CASE("T080: IPAS2E1 alone leaves the combined entry") {
  EnvB e;
  Cpu cpu(e);
  cpu.access(EnvB::va);
  e.put(EnvB::data_entry, 0);
  cpu.tlbi("IPAS2E1", ipa_operand(EnvB::data_ipa));
  const WalkReply reply = cpu.access(EnvB::va);
  CHECK(reply.pa == Pa{0x5000'1238});
  CHECK(e.reads() == 0);
}

TEST_CASE("T080: unless TLBI takes more than it must: IPAS2E1 takes combined entries of its VMID") {
  EnvB e;
  e.knobs.tlbi_strict = false;
  Cpu cpu(e);
  cpu.access(EnvB::va);
  fill(cpu, entry(0x4000, 1, 6, false));
  e.put(EnvB::data_entry, 0);
  cpu.tlbi("IPAS2LE1", ipa_operand(EnvB::data_ipa, 0b0111));
  CHECK(cpu.access(EnvB::va).fault);
  CHECK(holds(cpu, 0x4000, 1, 6));
}

TEST_CASE("T081: IPAS2E1, then VMALLE1: the fault is certain") {
  EnvB e;
  Cpu cpu(e);
  cpu.access(EnvB::va);
  e.put(EnvB::data_entry, 0);
  cpu.tlbi("IPAS2E1IS", ipa_operand(EnvB::data_ipa));
  cpu.tlbi("VMALLE1IS");
  const WalkReply reply = cpu.access(EnvB::va);
  CHECK(reply.fault.cause == FaultCause::not_present);
  CHECK(reply.fault.stage == 2);
}

TEST_CASE("T082: VMALLE1 first: another processor rebuilds from the old stage-2 entry") {
  EnvB e;
  Cpu other(e);
  other.access(EnvB::va);
  e.put(EnvB::data_entry, 0);
  other.tlbi("VMALLE1IS");
  CHECK(other.access(EnvB::va).pa == Pa{0x5000'1238});  // from the stage-2 TLB
  other.tlbi("IPAS2E1IS", ipa_operand(EnvB::data_ipa));
  CHECK(other.access(EnvB::va).pa == Pa{0x5000'1238});  // a combined entry, still legal
}

TEST_CASE("T083 T084 T085 T086: VMALLE1, VMALLS12E1, ALLE1, ASIDE1") {
  EnvB e;
  const auto filled = [&](Cpu& cpu) {
    fill(cpu, entry(0x1000, 1, 5, false));
    fill(cpu, entry(0x2000, 2, 5, false));
    fill(cpu, entry(0x3000, 1, 5, true));
    fill(cpu, entry(0x4000, 1, 6, false));
    fill_stage2_tlb(cpu, 0x1000, 5);
    fill_stage2_tlb(cpu, 0x1000, 6);
    fill_walk(cpu, 0, 1, 5);
    fill_walk(cpu, 0, 2, 5);
    fill_walk(cpu, 0, 1, 6);
  };
  SUBCASE("T083") {
    Cpu cpu(e);
    filled(cpu);
    cpu.tlbi("VMALLE1");
    CHECK_FALSE((holds(cpu, 0x1000, 1, 5) || holds(cpu, 0x2000, 2, 5) || holds(cpu, 0x3000, 1, 5)));
    CHECK_FALSE((holds_walk(cpu, 0, 1, 5) || holds_walk(cpu, 0, 2, 5)));
    CHECK(holds_stage2_tlb(cpu, 0x1000, 5));
    CHECK(
        (holds(cpu, 0x4000, 1, 6) && holds_stage2_tlb(cpu, 0x1000, 6) && holds_walk(cpu, 0, 1, 6)));
  }
  SUBCASE("T084") {
    Cpu cpu(e);
    filled(cpu);
    cpu.tlbi("VMALLS12E1");
    CHECK_FALSE((holds(cpu, 0x1000, 1, 5) || holds(cpu, 0x3000, 1, 5)));
    CHECK_FALSE((holds_stage2_tlb(cpu, 0x1000, 5) || holds_walk(cpu, 0, 1, 5)));
    CHECK(
        (holds(cpu, 0x4000, 1, 6) && holds_stage2_tlb(cpu, 0x1000, 6) && holds_walk(cpu, 0, 1, 6)));
  }
  SUBCASE("T085") {
    Cpu cpu(e);
    filled(cpu);
    cpu.tlbi("ALLE1");
    CHECK(cpu.tlb.occupied() == 0);
    CHECK(cpu.caches.stage2_tlb.occupied() == 0);
    CHECK(cpu.caches.stage1.occupied() == 0);
  }
  SUBCASE("T086") {
    Cpu cpu(e);
    filled(cpu);
    cpu.tlbi("ASIDE1", tag_bits_asid1);
    CHECK_FALSE((holds(cpu, 0x1000, 1, 5) || holds_walk(cpu, 0, 1, 5)));
    CHECK((holds(cpu, 0x2000, 2, 5) && holds(cpu, 0x3000, 1, 5) && holds_walk(cpu, 0, 2, 5)));
    CHECK(holds(cpu, 0x4000, 1, 6));
  }
}

TEST_CASE("T087: VAE1 takes the global leaf, not another ASID's") {
  EnvB e;
  Cpu cpu(e);
  fill(cpu, entry(0x1000, 2, 5, false));
  fill(cpu, entry(0x1000, 3, 5, true));
  cpu.tlbi("VAE1", va_operand(0x1000, 1));
  CHECK(holds(cpu, 0x1000, 2, 5));
  CHECK_FALSE(holds(cpu, 0x1000, 9, 5));
}

TEST_CASE("T088: VALE1 leaves the walk cache, VAE1 takes it") {
  EnvB e;
  Cpu cpu(e);
  cpu.access(EnvB::va);
  const std::size_t before = cpu.caches.stage1.occupied();
  CHECK(before == 2);
  cpu.tlbi("VALE1", va_operand(EnvB::va));
  CHECK_FALSE(cpu.holds(EnvB::va));
  CHECK(cpu.caches.stage1.occupied() == before);
  cpu.tlbi("VAE1", va_operand(EnvB::va));
  CHECK(cpu.caches.stage1.occupied() == 0);
  e.knobs.tlbi_strict = false;  // may take more
  cpu.access(EnvB::va);
  cpu.tlbi("VALE1", va_operand(EnvB::va));
  CHECK(cpu.caches.stage1.occupied() == 0);
}

TEST_CASE("T089: every piece of a splintered block goes with one address") {
  EnvB e;
  e.put(0x6000'1000, 0x1'0000'0000 | 0x701);  // stage 1: a 2M block, over 4K pages at stage 2
  for (std::uint64_t i = 0; i < 8; ++i)
    e.put(0x4102'0000 + 8 * i, (0x5000'0000 + (i << 12)) | EnvB::rw);
  Cpu cpu(e);
  for (std::uint64_t i = 0; i < 8; ++i) cpu.access(0x8000'0000 + (i << 12));
  CHECK(cpu.tlb.occupied() == 8);
  SUBCASE("one address") {
    cpu.tlbi("VAE1", va_operand(0x8000'0000 + 0x1f'f000));
    CHECK(cpu.tlb.occupied() == 0);
  }
  SUBCASE("the hint names the block, not the pieces") {
    cpu.tlbi("VALE1", va_operand(0x8000'0000, 0, 0b0111));
    CHECK(cpu.tlb.occupied() == 8);
    cpu.tlbi("VALE1", va_operand(0x8000'0000, 0, 0b0110));
    CHECK(cpu.tlb.occupied() == 0);
  }
}

TEST_CASE("T090 T091 T092: level hints of IPAS2E1") {
  EnvB e;
  Cpu cpu(e);
  fill_stage2_tlb(cpu, 0x20'0000, 5, 21, 21);
  fill_stage2_tlb(cpu, 0x20'1000, 5);
  SUBCASE("T090: the 2M entry goes") {
    cpu.tlbi("IPAS2E1", ipa_operand(0x20'1000, 0b0110));
    CHECK(cpu.caches.stage2_tlb.occupied() == 1);
    CHECK(holds_stage2_tlb(cpu, 0x20'1000, 5));
    CHECK_FALSE(holds_stage2_tlb(cpu, 0x20'2000, 5));
  }
  SUBCASE("T091: a wrong hint removes nothing, unless that is the choice") {
    Cpu small(e);
    fill_stage2_tlb(small, 0x20'1000, 5);
    small.tlbi("IPAS2E1", ipa_operand(0x20'1000, 0b0110));
    CHECK(holds_stage2_tlb(small, 0x20'1000, 5));
    e.knobs.wrong_ttl_keeps = false;
    small.tlbi("IPAS2E1", ipa_operand(0x20'1000, 0b0110));
    CHECK_FALSE(holds_stage2_tlb(small, 0x20'1000, 5));
  }
  SUBCASE("T092: 4K level 0 without LPA2 is no hint") {
    cpu.tlbi("IPAS2E1", ipa_operand(0x20'1000, 0b0100));
    CHECK(cpu.caches.stage2_tlb.occupied() == 0);
  }
  SUBCASE("T091: without FEAT_TTL there are no hints") {
    e.features.ttl = false;
    cpu.tlbi("IPAS2E1", ipa_operand(0x20'1000, 0b0110));
    CHECK(cpu.caches.stage2_tlb.occupied() == 0);
  }
  SUBCASE("a contiguous run has the size of its leaves") {
    fill_stage2_tlb(cpu, 0x40'0000, 5, 16, 12);
    cpu.tlbi("IPAS2E1", ipa_operand(0x40'3000, 0b0111));
    CHECK_FALSE(holds_stage2_tlb(cpu, 0x40'0000, 5));
  }
}

TEST_CASE("T093 T094 T095: range operands") {
  EnvB e;
  Cpu cpu(e, [] {
    WalkCachesSpec spec;
    spec.stage2_tlb = {.entries = 128};
    return spec;
  }());
  for (std::uint64_t i = 0; i < 128; ++i) fill_stage2_tlb(cpu, i << 12, 5);
  cpu.tlbi("RIPAS2E1", std::uint64_t{31} << 39);  // T095: TG = 0
  CHECK(cpu.caches.stage2_tlb.occupied() == 128);
  cpu.tlbi("RIPAS2E1", std::uint64_t{1} << 46 | std::uint64_t{31} << 39);  // T093
  for (std::uint64_t i = 0; i < 128; ++i) CHECK(holds_stage2_tlb(cpu, i << 12, 5) == (i >= 64));
  const auto most =
      range_operand(std::uint64_t{1} << 46 | std::uint64_t{3} << 44 | std::uint64_t{31} << 39,
                    false, false, e.features);  // T094
  REQUIRE(most);
  CHECK(most->range.last + 1 == 8 * GiB);
}

TEST_CASE("T096: entries made with VM = 0 carry the VMID of VTTBR") {
  EnvB e;
  e.regs.hcr_el2 = one(31);
  e.put(0x1'8000'2010, 0x1'8000'1003);  // the tables, now at physical addresses
  e.put(0x1'8000'1000, 0x1'8000'0003);
  e.put(0x1'8000'0008, s1_leaf_word);
  Cpu cpu(e);
  cpu.access(EnvB::va);
  REQUIRE(cpu.holds(EnvB::va));
  const auto vmalle1 = [&](std::uint64_t vmid) {
    Registers regs = e.regs;
    regs.vttbr_el2 = vmid << 48;
    cpu.invalidate(tlbi({TlbiKind::vmalle1}, 0, regs, 1, e.features, e.knobs));
  };
  vmalle1(6);
  CHECK(cpu.holds(EnvB::va));
  vmalle1(5);
  CHECK_FALSE(cpu.holds(EnvB::va));
}

TEST_CASE("T097: HCR_EL2.FB makes EL1's local operations Inner Shareable") {
  EnvB e;
  const TlbiOperation local{TlbiKind::vae1};
  CHECK(tlbi(local, 0, e.regs, 1, e.features, e.knobs).scope == TlbiScope::local);
  e.regs.hcr_el2 |= one(9);
  CHECK(tlbi(local, 0, e.regs, 1, e.features, e.knobs).scope == TlbiScope::inner);
  CHECK(tlbi(local, 0, e.regs, 2, e.features, e.knobs).scope == TlbiScope::local);
  CHECK(tlbi({TlbiKind::vae1, TlbiScope::outer}, 0, e.regs, 1, e.features, e.knobs).scope ==
        TlbiScope::outer);
}

TEST_CASE("T098: invalid to valid needs no invalidation") {
  EnvB e;
  e.put(EnvB::data_entry, 0);
  Cpu cpu(e);
  CHECK(cpu.access(EnvB::va).fault);
  e.put(EnvB::data_entry, 0x5000'1000 | EnvB::rw);
  CHECK_FALSE(cpu.access(EnvB::va).fault);
}

TEST_CASE("T099: an Access flag fault is not cached") {
  EnvB e;
  e.put(EnvB::s1_leaf, s1_leaf_word & ~one(10));
  Cpu cpu(e);
  CHECK(cpu.access(EnvB::va).fault.cause == FaultCause::access_flag);
  e.put(EnvB::s1_leaf, s1_leaf_word);
  CHECK_FALSE(cpu.access(EnvB::va).fault);
}

TEST_CASE(
    "T100: more rights without an invalidation: a spurious fault or success; after it success") {
  EnvB e;
  e.put(EnvB::s1_leaf, s1_leaf_word | one(7));
  Cpu cpu(e);
  cpu.access(EnvB::va);
  e.put(EnvB::s1_leaf, s1_leaf_word);
  const WalkReply reply = cpu.access(EnvB::va, store);
  CHECK((!reply.fault || reply.fault.cause == FaultCause::permission));
  cpu.tlbi("VAE1IS", va_operand(EnvB::va));
  CHECK_FALSE(cpu.access(EnvB::va, store).fault);
}
