// TLBI operands, names and encodings (spec 1.9.3), and the regimes that operations mean.
#include "arm64/tlbi_operand.h"

#include <doctest/doctest.h>

#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

TEST_CASE("range operands: every granule and scale (spec 1.9.3)") {
  const Features f = Features::all();
  for (unsigned tg = 1; tg <= 3; ++tg)
    for (unsigned scale = 0; scale < 4; ++scale)
      for (const unsigned num : {0u, 7u, 31u}) {
        const std::uint64_t operand =
            std::uint64_t{tg} << 46 | std::uint64_t{scale} << 44 | std::uint64_t{num} << 39 | 4;
        const GranuleRow& granule = row(static_cast<Granule>(tg - 1));
        const auto target = range_operand(operand, true, false, f);
        REQUIRE(target);
        CHECK(target->range.first == std::uint64_t{4} << granule.lg2);
        const std::uint64_t pages = (num + 1) * (std::uint64_t{2} << 5 * scale);
        CHECK(target->range.last + 1 - target->range.first == pages << granule.lg2);
        CHECK(range_operand(operand, true, true, f)->range.first == std::uint64_t{4} << 16);
      }
  // The upper half: BaseADDR is sign-extended; a range past the top stops there.
  const auto top = range_operand(std::uint64_t{1} << 46 | low_mask(37), true, false, f);
  CHECK(top->range.first == ~std::uint64_t{0xfff});
  CHECK(top->range.last == ~std::uint64_t{0});
}

TEST_CASE("EL2 operations: the EL2 regime, or EL2&0 with E2H and its ASIDs") {
  Registers regs;
  const Features f;
  const auto effect = [&](TlbiKind kind, std::uint8_t el) {
    return tlbi({kind}, va_operand(0x1000, 7), regs, el, f, {}).what.at(0);
  };
  CHECK(effect(TlbiKind::vae2, 2).regime == std::uint16_t(Regime::el2));
  CHECK_FALSE(effect(TlbiKind::vae2, 2).space);
  regs.hcr_el2 = one(34);
  CHECK(effect(TlbiKind::vae2, 2).regime == std::uint16_t(Regime::el2_0));
  CHECK(effect(TlbiKind::vae2, 2).space == 7);
  CHECK(effect(TlbiKind::vae1, 2).regime == std::uint16_t(Regime::el1_0));
  regs.hcr_el2 |= one(27);
  CHECK(effect(TlbiKind::vae1, 2).regime == std::uint16_t(Regime::el2_0));
  CHECK(effect(TlbiKind::alle1, 2).regime == std::uint16_t(Regime::el1_0));
}

TEST_CASE("TLBI names and encodings: each names one operation, and back") {
  std::size_t decoded = 0;
  for (unsigned op1 = 0; op1 < 8; ++op1)
    for (const unsigned crn : {8u, 9u})
      for (unsigned crm = 0; crm < 16; ++crm)
        for (unsigned op2 = 0; op2 < 8; ++op2)
          if (const auto op = decode_tlbi(op1, crn, crm, op2)) {
            ++decoded;
            CHECK(op->nxs == (crn == 9));
            CHECK(parse_tlbi(name(*op)) == op);
          }
  CHECK(decoded == all_tlbi_kinds().size() * 3 * 2);
  CHECK(name(decode_tlbi(0, 8, 7, 1).value()) == "VAE1");
  CHECK(name(decode_tlbi(0, 8, 3, 0).value()) == "VMALLE1IS");
  CHECK(name(decode_tlbi(4, 8, 0, 1).value()) == "IPAS2E1IS");
  CHECK(name(decode_tlbi(4, 8, 4, 0).value()) == "IPAS2E1OS");
  CHECK(name(decode_tlbi(4, 9, 4, 7).value()) == "RIPAS2LE1OSNXS");
  CHECK(name(decode_tlbi(0, 8, 5, 3).value()) == "RVAAE1OS");
  CHECK_FALSE(parse_tlbi("VAE4"));
  CHECK_FALSE(decode_tlbi(0, 7, 7, 1));
}

TEST_CASE("a range operand covers the block that it was made for, and no more") {
  const Features features = Features::all();
  for (const Granule granule : all_granules)
    for (const bool lpa2 : {false, true})
      for (unsigned pages_lg2 = 1; pages_lg2 <= 20; ++pages_lg2) {
        CAPTURE(row(granule).name);
        CAPTURE(lpa2);
        CAPTURE(pages_lg2);
        const std::uint64_t bytes = one(row(granule).lg2 + pages_lg2);
        const std::uint64_t base =
            align_up(std::uint64_t{0x12'3456'0000}, std::max(17u, row(granule).lg2 + pages_lg2));
        const auto target = range_operand(
            make_range_operand(base, pages_lg2, granule, 0x1234, lpa2), true, lpa2, features);
        REQUIRE(target);
        CHECK(target->range.first == base);
        CHECK(target->range.last == base + bytes - 1);
        CHECK_FALSE(target->leaf_lg2);
        CHECK(operand_asid(make_range_operand(base, pages_lg2, granule, 0x1234, lpa2), features) ==
              0x1234);
      }
}
