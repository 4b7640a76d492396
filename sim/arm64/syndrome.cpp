#include "arm64/syndrome.h"

namespace nestwalk::arm64 {
namespace {

// Exception classes (ESR_ELx.EC).
constexpr std::uint32_t instruction_abort_lower = 0x20, data_abort_lower = 0x24;

std::uint8_t target_level(const Fault& fault, Regime regime, const ProcessorState& now, Hcr hcr) {
  if (regime != Regime::el1_0 || fault.stage == 2) return 2;
  if (now.el == 0 && hcr.tge()) return 2;
  return fault.cause == FaultCause::bus_error && hcr.tea() ? 2 : 1;
}

// HPFAR_EL2 is written for these (ASL IPAValid): Permission only when a table walk met it.
bool ipa_valid(const Fault& fault, const Knobs& knobs) {
  if (fault.stage != 2) return false;
  switch (fault.cause) {
    case FaultCause::not_present:
    case FaultCause::access_flag:
    case FaultCause::address_size:
      return true;
    case FaultCause::permission:
      return fault.on_table_walk || knobs.hpfar_on_permission;
    default:
      return false;
  }
}

// WnR: writes and maintenance; a read-modify-write only if it was its write that was denied.
bool write_not_read(const Fault& fault, const Access& access, Operation op) {
  if (is_maintenance(op)) return true;
  if (!access.read_modify_write) return access.writes();
  return fault.cause == FaultCause::permission && !fault.on_table_walk &&
         (fault.detail & detail_write_denied);
}

std::uint32_t instruction_fields(const Instruction& i) {
  return std::uint32_t{1} << 24 | std::uint32_t{i.size_lg2} << 22 |
         std::uint32_t{i.sign_extend} << 21 | std::uint32_t{i.register_number} << 16 |
         std::uint32_t{i.sixty_four} << 15 | std::uint32_t{i.acquire_release} << 14;
}

}  // namespace

unsigned fault_status(FaultCause cause, int level, bool on_walk) {
  const bool minus_one = level < 0;
  const auto at = static_cast<unsigned>(minus_one ? 0 : level);
  switch (cause) {
    case FaultCause::address_size:
      return minus_one ? 0x29 : at;
    case FaultCause::not_present:
      return minus_one ? 0x2b : 0x04 + at;
    case FaultCause::access_flag:
      return 0x08 + at;
    case FaultCause::permission:
      return 0x0c + at;
    case FaultCause::bus_error:
      return !on_walk ? 0x10 : minus_one ? 0x13 : 0x14 + at;
    case FaultCause::alignment:
      return 0x21;
    default:
      return 0x30;  // TLB conflict
  }
}

int reported_level(const Fault& fault) { return fault.before_walk ? 0 : level_of(fault.height); }

Syndrome make_syndrome(const Fault& fault, Va va, const Access& access,
                       const Instruction& instruction, const Registers& regs,
                       const ProcessorState& now, Regime regime, const Knobs& knobs) {
  Syndrome s;
  s.target_el = target_level(fault, regime, now, Hcr{regs.hcr_el2});
  const bool fetch = access.type == AccessType::fetch;
  std::uint32_t ec = fetch ? instruction_abort_lower : data_abort_lower;
  if (s.target_el == now.el) ++ec;
  s.esr = ec << 26 | std::uint32_t{1} << 25 |
          fault_status(fault.cause, reported_level(fault), true) |
          std::uint32_t{fault.on_table_walk} << 7;
  if (!fetch) {
    s.esr |= std::uint32_t{write_not_read(fault, access, instruction.operation)} << 6 |
             std::uint32_t{is_maintenance(instruction.operation)} << 8;
    if (instruction.valid && fault.stage == 2 && !fault.on_table_walk &&
        fault.cause != FaultCause::bus_error)
      s.esr |= instruction_fields(instruction);
  }
  s.far = va.value;
  s.hpfar_valid = ipa_valid(fault, knobs);
  if (s.hpfar_valid) s.hpfar = fault.ipa.value >> 12 << 4;
  return s;
}

}  // namespace nestwalk::arm64
