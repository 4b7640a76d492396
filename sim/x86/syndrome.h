// Faults as software sees them: #PF error codes (SDM vol. 3, 5.7), EPT exit qualifications
// (28.2.1), #NPF EXITINFO1 (APM vol. 2, 15.25.6). Left out: shadow-stack, SGX, HLAT and RMP bits.
#pragma once
#include <cstdint>
#include <string>

#include "common/base/address.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

// Fault::detail of a stage-2 fault under EPT, beyond the rights of ept_format.h: exit-qualification
// bits 11:9 ("advanced information"), and an access without a linear address (a PDPTE load).
inline constexpr std::uint32_t detail_user_linear = 1u << 9, detail_writable_linear = 1u << 10,
                               detail_execute_disabled_linear = 1u << 11,
                               detail_not_linear = 1u << 12;

struct Syndrome {
  enum class Kind : std::uint8_t {
    none,
    general_protection,
    page_fault,            // code: the error code
    ept_violation,         // code: the exit qualification
    ept_misconfiguration,  // no code
    nested_page_fault,     // code: EXITINFO1
    machine_check,         // nothing answered at the address of an entry
  };
  Kind kind = Kind::none;
  std::uint64_t code = 0;
  Va linear{};           // CR2, or the guest linear address
  Ipa guest_physical{};  // of exits

  std::string text() const;
};

std::uint64_t page_fault_code(const Fault& fault, const Access& access, const Registers& guest);
std::uint64_t exit_qualification(const Fault& fault, const Access& access);
std::uint64_t exit_info1(const Fault& fault, const Access& access, const Registers& host);

Syndrome syndrome(const Fault& fault, Va va, const Access& access, const Registers& guest,
                  const VirtualMachine& vm);

}  // namespace nestwalk::x86
