// Registers: TTBR and VTTBR base addresses in, ESR, FAR and HPFAR out (spec 1.3, 1.6).
#include "arm64/syndrome.h"
#include "property/property.h"
#include "settings.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

// Spec 1.6.1: fault status to cause and level.
struct Status {
  FaultCause cause;
  int level;
};
Status read_status(unsigned fsc) {
  switch (fsc) {
    case 0x29:
      return {FaultCause::address_size, -1};
    case 0x2b:
      return {FaultCause::not_present, -1};
    case 0x13:
      return {FaultCause::bus_error, -1};
    case 0x21:
      return {FaultCause::alignment, 9};
    case 0x30:
      return {FaultCause::conflict, 9};
    default:
      break;
  }
  constexpr FaultCause causes[] = {FaultCause::address_size, FaultCause::not_present,
                                   FaultCause::access_flag,  FaultCause::permission,
                                   FaultCause::none,         FaultCause::bus_error};
  RC_ASSERT(fsc >> 2 < std::size(causes));
  return {causes[fsc >> 2], static_cast<int>(fsc & 3)};
}
bool has_level(FaultCause cause) {
  return cause != FaultCause::alignment && cause != FaultCause::conflict;
}

Fault any_fault() {
  Fault fault;
  fault.cause = *rc::gen::element(
      FaultCause::address_size, FaultCause::not_present, FaultCause::access_flag,
      FaultCause::permission, FaultCause::bus_error, FaultCause::alignment, FaultCause::conflict);
  // Level -1 has no leaf, and so neither flags nor rights.
  const bool of_leaf =
      fault.cause == FaultCause::access_flag || fault.cause == FaultCause::permission;
  fault.height = static_cast<std::int8_t>(*rc::gen::inRange(0, of_leaf ? 4 : 5));
  fault.stage = static_cast<std::uint8_t>(*rc::gen::inRange(1, 3));
  fault.before_walk = fault.cause <= FaultCause::address_size && *rc::gen::arbitrary<bool>();
  fault.on_table_walk = fault.stage == 2 && *rc::gen::arbitrary<bool>();
  fault.ipa = Ipa{*rc::gen::arbitrary<std::uint64_t>() & low_mask(52)};
  return fault;
}

}  // namespace

TEST_CASE("spec 1.3, 1.4: BADDR of TTBR and VTTBR, 48 and 52 bits") {
  property("base address in, root out; what lies around BADDR does not matter", [] {
    const Setting s = *rc::gen::elementOf(all_settings());
    RC_LOG() << s << "\n";
    const unsigned least = s.wide ? 6 : 3;  // with 52 bits [5:2] are address bits
    const unsigned align = std::max(least, s.bits - s.shift(s.start_level) + 3);
    const std::uint64_t root =
        align_down(*rc::gen::arbitrary<std::uint64_t>() & low_mask(s.wide ? 52 : 48), align);
    const std::uint64_t around = *rc::gen::arbitrary<std::uint64_t>();
    std::uint64_t ttbr = (root & low_mask(48)) | (around & 1) | (around & field_mask(63, 48));
    ttbr |= s.wide ? (root >> 48) << 2 : around & low_mask(align);
    RC_ASSERT(s.geometry(ttbr).root == root);
    RC_ASSERT(s.geometry(ttbr).geometry.refused == FaultCause::none);
  });
}

TEST_CASE("spec 1.6: what ESR, FAR and HPFAR say is the fault that was met") {
  property("syndrome and back", [] {
    const Fault fault = any_fault();
    const Va va{*rc::gen::arbitrary<std::uint64_t>()};
    const Access access{
        .type = *rc::gen::element(AccessType::read, AccessType::write, AccessType::fetch),
        .user = *rc::gen::arbitrary<bool>()};
    Instruction ldr;
    ldr.valid = *rc::gen::arbitrary<bool>();
    ldr.register_number = static_cast<std::uint8_t>(*rc::gen::inRange(0, 32));
    ldr.size_lg2 = static_cast<std::uint8_t>(*rc::gen::inRange(0, 4));
    const ProcessorState now{.el = access.user ? std::uint8_t{0} : std::uint8_t{1}};
    Registers regs;
    regs.hcr_el2 = *rc::gen::arbitrary<bool>() ? one(37) : 0;  // TEA
    const Syndrome s = make_syndrome(fault, va, access, ldr, regs, now, Regime::el1_0, {});

    const Status status = read_status(s.esr & 0x3f);
    RC_ASSERT(status.cause == fault.cause);
    if (has_level(fault.cause))
      RC_ASSERT(status.level == (fault.before_walk ? 0 : 3 - fault.height));
    const bool fetch = access.type == AccessType::fetch;
    const bool to_el2 = fault.stage == 2 || (fault.cause == FaultCause::bus_error && regs.hcr_el2);
    RC_ASSERT(s.target_el == (to_el2 ? 2 : 1));
    const bool same_level = !to_el2 && now.el == 1;
    RC_ASSERT(s.esr >> 26 == (fetch ? 0x20u : 0x24u) + same_level);
    RC_ASSERT((s.esr >> 25 & 1) == 1u);
    RC_ASSERT((s.esr >> 7 & 1) == unsigned{fault.on_table_walk});
    RC_ASSERT((s.esr >> 6 & 1) == unsigned{access.type == AccessType::write});
    const bool isv = !fetch && ldr.valid && fault.stage == 2 && !fault.on_table_walk &&
                     fault.cause != FaultCause::bus_error;
    RC_ASSERT((s.esr >> 24 & 1) == unsigned{isv});
    RC_ASSERT((s.esr >> 22 & 3) == (isv ? ldr.size_lg2 : 0u));
    RC_ASSERT((s.esr >> 16 & 31) == (isv ? ldr.register_number : 0u));
    RC_ASSERT(s.far == va.value);
    const bool gives_ipa =
        fault.stage == 2 && (fault.cause <= FaultCause::access_flag
                                 ? fault.cause != FaultCause::malformed
                                 : fault.cause == FaultCause::permission && fault.on_table_walk);
    RC_ASSERT(s.hpfar_valid == gives_ipa);
    if (gives_ipa) RC_ASSERT(s.hpfar << 8 == fault.ipa.value >> 12 << 12);
  });
}
