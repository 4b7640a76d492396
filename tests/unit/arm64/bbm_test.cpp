// Spec 5.4: break-before-make (T101 to T106).
#include "arm64/bbm.h"

#include <doctest/doctest.h>

#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

constexpr std::uint64_t block_at = EnvA::t2 + 8, in = 0x1'0020'0000;
constexpr std::uint64_t read_write = 0x7ff, read_only = 0x77f, block = 0x7000'07fd;

// A watch over ENV-A's stage-2 tables on a processor without FEAT_BBM.
struct Watched : EnvA {
  Watched() { features.bbm = 0; }
  BbmWatch watch() const {
    const Engine cpu = engine();
    return BbmWatch(BbmTables::of(cpu.state().stage2, cpu.state().stage2_tag, features));
  }
  std::vector<Invalidation> tlbi_of(std::string_view name, std::uint64_t operand = 0) const {
    return tlbi(parse_tlbi(name).value(), operand, regs, 2, features, knobs).what;
  }
  BbmRule judge(int height, std::uint64_t before, std::uint64_t after, bool same = false) const {
    const Engine cpu = engine();
    return judge_change(BbmTables::of(cpu.state().stage2, {}, features), height, before, after,
                        [same](auto...) { return same; });
  }
};

}  // namespace

TEST_CASE("T101: a cached block overwritten by a table is reported") {
  Watched e;
  BbmWatch watch = e.watch();
  CHECK_FALSE(watch.wrote(block_at, in, 1, 0, block));
  const auto violation = watch.wrote(block_at, in, 1, block, EnvA::t3 | 3);
  REQUIRE(violation);
  CHECK(violation->rule == BbmRule::block_size);
  CHECK(violation->entry_at == block_at);
  // What a load may see: the old or the new address.
  e.put(block_at, block);
  Cpu cpu(e);
  cpu.access(EnvA::x);
  e.put(block_at, EnvA::t3 | 3);
  const Pa pa = cpu.access(EnvA::x).pa;
  CHECK((pa == Pa{0x5000'3238} || pa == Pa{0x7000'3238}));
}

TEST_CASE("T102: invalid, TLBI of stage 2 then of combined entries, new table: no violation") {
  Watched e;
  const auto sequence = [&](bool ipas2, bool vmalle1, bool wrong_order) {
    BbmWatch watch = e.watch();
    watch.wrote(block_at, in, 1, block, 0);
    const auto issue = [&](std::string_view name, std::uint64_t operand = 0) {
      for (const Invalidation& what : e.tlbi_of(name, operand)) watch.invalidated(what);
    };
    if (wrong_order) issue("VMALLE1IS");
    if (ipas2) issue("IPAS2E1IS", ipa_operand(in));
    if (vmalle1) issue("VMALLE1IS");
    return watch.wrote(block_at, in, 1, 0, EnvA::t3 | 3).has_value();
  };
  CHECK_FALSE(sequence(true, true, false));
  CHECK(sequence(false, false, false));
  CHECK(sequence(true, false, false));
  CHECK(sequence(false, true, false));
  CHECK(sequence(true, false, true));
  BbmWatch watch = e.watch();
  watch.wrote(block_at, in, 1, block, 0);
  for (const Invalidation& what : e.tlbi_of("VMALLS12E1IS")) watch.invalidated(what);
  CHECK_FALSE(watch.wrote(block_at, in, 1, 0, EnvA::t3 | 3));
  // And then only the new translation is seen.
  e.put(block_at, block);
  Cpu cpu(e);
  cpu.access(EnvA::x);
  e.put(block_at, 0);
  cpu.tlbi("IPAS2E1IS", ipa_operand(in));
  cpu.tlbi("VMALLE1IS");
  e.put(block_at, EnvA::t3 | 3);
  CHECK(cpu.access(EnvA::x).pa == Pa{0x5000'3238});
}

TEST_CASE("T103: a new address, read-only before and after, same contents: legal in place") {
  Watched e;
  CHECK(e.judge(0, 0x5000'0000 | read_only, 0x6000'0000 | read_only, true) == BbmRule::none);
  CHECK(e.judge(0, 0x5000'0000 | read_only, 0x6000'0000 | read_only, false) ==
        BbmRule::output_address);
  CHECK(e.judge(0, 0x5000'0000 | read_only, 0x6000'0000 | read_write, true) ==
        BbmRule::output_address);
}

TEST_CASE("T104: DBM counts as writable") {
  Watched e;
  const std::uint64_t dbm = one(51);
  CHECK(e.judge(0, 0x5000'0000 | read_only | dbm, 0x6000'0000 | read_only | dbm, true) ==
        BbmRule::none);
  e.regs.vtcr_el2 |= one(21) | one(22);
  CHECK(e.judge(0, 0x5000'0000 | read_only | dbm, 0x6000'0000 | read_only, true) ==
        BbmRule::output_address);
}

TEST_CASE("T105: pages made into a contiguous run in place") {
  Watched e;
  BbmWatch watch = e.watch();
  unsigned violations = 0;
  for (std::uint64_t i = 0; i < 16; ++i) {
    const std::uint64_t before = (0x5000'0000 + (i << 12)) | read_write;
    const auto found = watch.wrote(EnvA::t3 + 8 * i, in + (i << 12), 0, before, before | one(52));
    if (found && found->rule == BbmRule::block_size) ++violations;
  }
  CHECK(violations == 16);
  e.features.bbm = 2;
  BbmWatch with_bbm2 = e.watch();
  CHECK_FALSE(with_bbm2.wrote(EnvA::t3, in, 0, read_write, read_write | one(52)));
}

TEST_CASE("what may change in place: rights, access flag, software bits, invalid to valid") {
  Watched e;
  CHECK(e.judge(0, read_write, read_only) == BbmRule::none);
  CHECK(e.judge(0, read_write & ~one(10), read_write) == BbmRule::none);
  CHECK(e.judge(0, read_write, read_write | one(56)) == BbmRule::none);
  CHECK(e.judge(0, 0, read_write) == BbmRule::none);
  CHECK(e.judge(0, read_write, read_write & ~(std::uint64_t{15} << 2)) == BbmRule::memory_type);
  CHECK(e.judge(0, read_write, read_write & ~std::uint64_t{0x100}) == BbmRule::shareability);
}

TEST_CASE("stage 1: nG cleared in place, and invalidations by address, ASID and level") {
  EnvB e;
  e.features.bbm = 0;
  const Engine cpu = e.engine();
  const BbmTables tables = BbmTables::of(cpu.state().halves[0], {7, 5, 0, 0}, e.features);
  const std::uint64_t page = EnvB::data_ipa | 0x703 | one(11);
  CHECK(judge_change(tables, 0, page, page & ~one(11), never_same) == BbmRule::global_overlap);
  const auto after = [&](std::string_view name, std::uint64_t operand) {
    BbmWatch watch(tables);
    watch.wrote(EnvB::s1_leaf, EnvB::va, 0, page, 0);
    for (const Invalidation& what :
         tlbi(parse_tlbi(name).value(), operand, e.regs, 2, e.features, e.knobs).what)
      watch.invalidated(what);
    return watch.wrote(EnvB::s1_leaf, EnvB::va, 0, 0, page + 0x1000).has_value();
  };
  CHECK_FALSE(after("VAE1IS", va_operand(EnvB::va, 7)));
  CHECK_FALSE(after("VALE1IS", va_operand(EnvB::va, 7, 0b0111)));
  CHECK(after("VALE1IS", va_operand(EnvB::va, 7, 0b0110)));
  CHECK(after("VAE1IS", va_operand(EnvB::va, 8)));
  CHECK(after("VAE1IS", va_operand(EnvB::va + 0x1000, 7)));
  CHECK_FALSE(after("VAAE1IS", va_operand(EnvB::va, 8)));
  CHECK_FALSE(after("ASIDE1IS", va_operand(0, 7)));
  CHECK(after("IPAS2E1IS", ipa_operand(EnvB::data_ipa)));
}

TEST_CASE("T106: a block with nT: a fault at its level, or mapped, but kept by no TLB") {
  for (const auto bbm : {std::uint8_t{1}, std::uint8_t{2}}) {
    EnvA e;
    e.features.bbm = bbm;
    e.put(block_at, block | one(16));
    {
      Cpu cpu(e);
      CHECK(cpu.access(EnvA::x).pa == Pa{0x7000'3238});
      CHECK(cpu.tlb.occupied() == 0);
      CHECK(cpu.caches.stage2_tlb.occupied() == 0);
      e.put(block_at, 0x7020'0000 | 0x7fd);  // and so the next access sees what stands there now
      CHECK(cpu.access(EnvA::x).pa == Pa{0x7020'3238});
      CHECK(cpu.tlb.occupied() == 1);
    }
    e.put(block_at, block | one(16));
    e.knobs.nt_faults = true;
    const WalkReply refused = e.access(EnvA::x);
    CHECK(refused.fault.cause == FaultCause::not_present);
    CHECK(reported_level(refused.fault) == 2);
  }
}

TEST_CASE("T106: nT means nothing without FEAT_BBML1 and 2, nor on a page") {
  for (const auto bbm : {std::uint8_t{0}, std::uint8_t{3}}) {
    EnvA e;
    e.features.bbm = bbm;
    e.knobs.nt_faults = true;
    e.put(block_at, block | one(16));
    Cpu cpu(e);
    CHECK(cpu.access(EnvA::x).entry.size_lg2 == 21);
    CHECK(cpu.tlb.occupied() == 1);
  }
  EnvA e;
  e.knobs.nt_faults = true;
  e.set_leaf(EnvA::page | one(16));
  CHECK_FALSE(e.access(EnvA::x).fault);
}

TEST_CASE("T106: a stage-1 block with nT, and stage-1 tables in a stage-2 block with nT") {
  EnvB e;
  e.put(0x6000'1000, 0x1'0000'0000 | 0x701 | one(16));
  {
    Cpu cpu(e);
    CHECK(cpu.access(EnvB::va).pa == Pa{0x5000'1238});
    CHECK(cpu.tlb.occupied() == 0);
  }
  e.put(0x6000'1000, 0x1'8000'0003);
  e.put(EnvB::ptp_block_entry, 0x6000'0000 | 0x7fd | one(16));  // all three stage-1 tables
  Cpu cpu(e);
  CHECK(cpu.access(EnvB::va).pa == Pa{0x5000'1238});
  CHECK(cpu.tlb.occupied() == 1);  // the data page itself may be kept
  CHECK(cpu.caches.stage2_tlb.occupied() == 1);
  // Walk caches keep where the tables are in the intermediate space, not behind it.
  cpu.tlb.drop(Va{EnvB::va}, cpu.engine.tag());
  cpu.access(EnvB::va);
  CHECK(e.reads() == 1 + 1);  // the block anew, and the leaf
}
