// The privileged software of a virtual machine, as its vCPUs enter it: when an access faults, and
// where the workload makes a system call. The ordinary one is the guest kernel and hypervisor of
// machine/virtual_machine.h; whoever wants another guest (or a test its own) implements this.
#pragma once
#include <cstdint>

#include "common/cpu/processor.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"

namespace nestwalk {

enum class FaultResponse : std::uint8_t {
  retry,  // the access is made again from the start
  skip,   // it never happens: no data, no further fault (the fault was the program's to take)
};

class PrivilegedSoftware {
 public:
  virtual ~PrivilegedSoftware() = default;
  // Hardware has met `fault` at `va`, an address of `space`.
  virtual FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va,
                                     const Access& access, Processor& processor) = 0;
  // The workload asks for it between two accesses (MemoryAccess::after_system_call). Nothing else
  // is under way on the vCPU.
  virtual void system_call(Processor&) {}
};

}  // namespace nestwalk
