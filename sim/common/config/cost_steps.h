// The steps that fault handlers pay for, by name: what a cost file must price. The step machines of
// guest and hypervisor ask for exactly these.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace nestwalk::config {

enum class CostSet : std::uint8_t {
  guest,       // the guest kernel's page fault, and invalidation
  host_x86,    // a second-stage fault under x86 KVM, and invalidation
  host_arm64,  // a second-stage fault under arm64 KVM, and invalidation
  any_host,    // both of these
  all,
};

// In the order in which a handler comes to them.
const std::vector<std::string>& steps_of(CostSet set);

}  // namespace nestwalk::config
