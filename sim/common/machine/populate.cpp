// Mapping before the first access: the fault handlers of a run, at once, in ascending order of the
// addresses, as mm_populate() and a preallocating hypervisor process go.
#include <fmt/format.h>

#include "common/base/bits.h"
#include "common/base/user_error.h"
#include "common/machine/virtual_machine.h"

namespace nestwalk {
namespace {

// The first address behind the aligned block around `at`; 0 behind the last of all.
std::uint64_t behind(std::uint64_t at, unsigned size_lg2) {
  return align_down(at, size_lg2) + one(size_lg2);
}

}  // namespace

void VirtualMachine::populate_host() {
  UntimedSoftware at_once(physical_);
  for (const auto& [base, slot] : host_->slots.all())
    for (std::uint64_t at = base; at - base < slot.bytes;) {
      std::optional<Mapping> mapped = host_->mapping(Ipa{at});
      if (!mapped) {
        host_faults_->handle(Ipa{at}, *host_, at_once);
        mapped = host_->mapping(Ipa{at});
      }
      at = behind(at, mapped->size_lg2);
    }
}

void VirtualMachine::populate_guest(const std::vector<TouchedArea>& areas) {
  const std::uint64_t memory_bytes = kernel_->frames().bytes();
  const std::unique_ptr<TranslationEngine> engine = make_engine();
  for (const TouchedArea& area : areas) {
    const std::uint64_t more_bytes = area.last.value - area.first.value;  // but one
    if (more_bytes >= memory_bytes)
      throw UserErrors(UserError{
          "", 0, "guest.populate",
          fmt::format("the workload can touch the {} bytes from {:#x}; guest.memory has {}",
                      more_bytes + 1, area.first.value, memory_bytes)});
    const Va first = engine->cached_address(area.first, {});
    populate_area(area.space, first, first + more_bytes);
  }
}

// Addresses that the tables cannot map are left to the access that meets them.
void VirtualMachine::populate_area(std::uint16_t space, Va first, Va last) {
  UntimedSoftware at_once(physical_);
  Ipa ipa;
  std::uint8_t size_lg2 = 0;
  for (Va at = first; first <= at && at <= last; at = Va{behind(at.value, size_lg2)})
    if (!kernel_->truth(space, at, ipa, size_lg2) &&
        !(kernel_->handle_fault(space, at, at_once) && kernel_->truth(space, at, ipa, size_lg2)))
      return;
}

}  // namespace nestwalk
