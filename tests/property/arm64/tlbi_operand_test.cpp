// Operands of TLBI, encoded by the manual's bit numbers and read back (spec 1.9.3).
#include "arm64/tlbi_operand.h"
#include "naive_tlbi.h"
#include "property/property.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

// A page of the VA space (either half, or an IPA), for the granule that TG numbers.
std::uint64_t any_page(bool virtual_address, unsigned lg2) {
  const unsigned bits = virtual_address ? 49 : 48;
  const std::uint64_t any = align_down(*rc::gen::arbitrary<std::uint64_t>() & low_mask(bits), lg2);
  return virtual_address ? sign_extend(any, bits) : any;
}

}  // namespace

TEST_CASE("spec 1.9.3: VA and IPA forms: address, ASID, level hint, with and without FEAT_TTL") {
  property("operand and back", [](std::uint16_t asid, bool virtual_address, bool lpa2, bool ttl) {
    const unsigned hint = *rc::gen::inRange(0u, 16u);
    const std::uint64_t at = any_page(virtual_address, 12);
    const std::uint64_t operand = make_address_operand(at, asid, hint);
    Features features = Features::all();
    features.ttl = ttl;
    RC_ASSERT(operand_asid(operand, features) == asid);
    const TlbiTarget target = address_operand(operand, virtual_address, lpa2, features);
    RC_ASSERT(target.range.first == at);
    RC_ASSERT(target.range.last == at);

    const unsigned granule = hint >> 2, level = hint & 3;
    // 64K has no level 0; 4K level 0 and 16K level 1 are leaves with LPA2 only, 16K level 0 never.
    const bool leaf = granule != 0 && (level >= 2 || (level == 1 && (granule != 2 || lpa2)) ||
                                       (level == 0 && granule == 1 && lpa2));
    RC_ASSERT(target.leaf_lg2.has_value() == (leaf && ttl));
    if (target.leaf_lg2) {
      constexpr unsigned page[] = {0, 12, 14, 16}, stride[] = {0, 9, 11, 13};
      RC_ASSERT(*target.leaf_lg2 == page[granule] + stride[granule] * (3 - level));
    }
  });
}

TEST_CASE("spec 1.9.3: range forms") {
  property("operand and back", [](std::uint16_t asid, bool virtual_address, bool lpa2) {
    const unsigned tg = *rc::gen::inRange(0u, 4u), scale = *rc::gen::inRange(0u, 4u),
                   num = *rc::gen::inRange(0u, 32u), level = *rc::gen::inRange(0u, 4u);
    const unsigned page_lg2 = 10 + 2 * std::max(tg, 1u), unit_lg2 = lpa2 ? 16 : page_lg2;
    const std::uint64_t at = any_page(virtual_address, unit_lg2);
    const std::uint64_t operand = std::uint64_t{asid} << 48 | std::uint64_t{tg} << 46 |
                                  std::uint64_t{scale} << 44 | std::uint64_t{num} << 39 |
                                  std::uint64_t{level} << 37 | bits(at, unit_lg2 + 36, unit_lg2);
    const auto target = range_operand(operand, virtual_address, lpa2, Features::all());
    RC_ASSERT(target.has_value() == (tg != 0));
    if (!target) return;
    const std::uint64_t bytes = std::uint64_t{num + 1} << (5 * scale + 1) << page_lg2;
    RC_ASSERT(target->range.first == at);
    // Up to the top of the address space, not around it.
    const std::uint64_t end = at + bytes;
    RC_ASSERT(target->range.last == (end < at ? ~std::uint64_t{0} : end - 1));
  });
}

TEST_CASE("what the naive model encodes is what the model reads") {
  property("single and range", [](std::uint16_t asid) {
    Tlbi op;
    op.kind = *rc::gen::elementOf(all_tlbi_kinds());
    op.asid = asid;
    op.tg = *rc::gen::inRange(1u, 4u);
    op.scale = *rc::gen::inRange(0u, 4u);
    op.num = *rc::gen::inRange(0u, 32u);
    op.address = align_down(*rc::gen::arbitrary<std::uint64_t>() & low_mask(48), 16);
    if (op.ranged())
      RC_ASSERT(range_operand(op.operand(), !op.by_ipa(), false, {})->range.first == op.address);
    else
      RC_ASSERT(address_operand(op.operand(), !op.by_ipa(), false, {}).range.first == op.address);
  });
}
