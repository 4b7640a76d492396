#include "x86/syndrome.h"

#include <fmt/format.h>

#include "x86/paging_format.h"

namespace nestwalk::x86 {
namespace {

// Bits that #PF and #NPF share. A reserved bit implies a present entry.
std::uint64_t present_and_reserved(const Fault& fault) {
  if (fault.cause == FaultCause::malformed) return 0x9;
  return fault.cause == FaultCause::permission ? 0x1 : 0x0;
}

}  // namespace

std::uint64_t page_fault_code(const Fault& fault, const Access& access, const Registers& guest) {
  std::uint64_t code = present_and_reserved(fault);
  if (wanted(access) == AccessType::write) code |= 0x2;
  if (access.user) code |= 0x4;
  if (access.type == AccessType::fetch && guest.reports_fetches()) code |= 0x10;
  if (fault.detail & detail_protection_key) code |= 0x20;
  return code;
}

std::uint64_t exit_qualification(const Fault& fault, const Access& access) {
  std::uint64_t code = 0;
  if (fault.on_table_walk || (fault.detail & detail_not_linear)) {
    code = fault.wanted_write ? 0x3 : 0x1;
  } else {
    switch (access.type) {
      case AccessType::read:
        code = 0x1;
        break;
      case AccessType::write:
        code = access.read_modify_write ? 0x3 : 0x2;
        break;
      case AccessType::fetch:
        code = 0x4;
        break;
    }
  }
  if (fault.cause == FaultCause::permission) code |= (fault.detail & 0xf) << 3;
  if (fault.detail & detail_not_linear) return code;
  code |= 0x80;
  if (!fault.on_table_walk) code |= 0x100 | (fault.detail & 0xe00);
  return code;
}

std::uint64_t exit_info1(const Fault& fault, const Access& access, const Registers& host) {
  std::uint64_t code = present_and_reserved(fault) | 0x4;
  const bool write = fault.on_table_walk || wanted(access) == AccessType::write;
  const bool fetch = !fault.on_table_walk && access.type == AccessType::fetch;
  if (write) code |= 0x2;
  if (fetch && host.reports_fetches()) code |= 0x10;
  return code | one(fault.on_table_walk ? 33 : 32);
}

Syndrome syndrome(const Fault& fault, Va va, const Access& access, const Registers& guest,
                  const VirtualMachine& vm) {
  using Kind = Syndrome::Kind;
  if (!fault) return {};
  if (fault.cause == FaultCause::non_canonical) return {Kind::general_protection, 0, va, {}};
  if (fault.cause == FaultCause::bus_error) return {Kind::machine_check, 0, va, fault.ipa};
  if (fault.stage == 1) return {Kind::page_fault, page_fault_code(fault, access, guest), va, {}};
  if (vm.paging == VirtualMachine::Paging::npt)
    return {Kind::nested_page_fault, exit_info1(fault, access, vm.host), va, fault.ipa};
  if (fault.cause == FaultCause::malformed) return {Kind::ept_misconfiguration, 0, va, fault.ipa};
  return {Kind::ept_violation, exit_qualification(fault, access), va, fault.ipa};
}

std::string Syndrome::text() const {
  switch (kind) {
    case Kind::none:
      return "no fault";
    case Kind::general_protection:
      return fmt::format("#GP at {:#x}", linear.value);
    case Kind::page_fault:
      return fmt::format("#PF error code {:#x}, CR2 {:#x}", code, linear.value);
    case Kind::ept_violation:
      return fmt::format("EPT violation, qualification {:#x}, guest-physical {:#x}, linear {:#x}",
                         code, guest_physical.value, linear.value);
    case Kind::ept_misconfiguration:
      return fmt::format("EPT misconfiguration, guest-physical {:#x}", guest_physical.value);
    case Kind::nested_page_fault:
      return fmt::format("#NPF EXITINFO1 {:#x}, EXITINFO2 {:#x}", code, guest_physical.value);
    case Kind::machine_check:
      return fmt::format("machine check on the walk for {:#x}", linear.value);
  }
  return {};
}

}  // namespace nestwalk::x86
