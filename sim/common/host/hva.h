// A host-virtual address: of the process that runs a virtual machine (KVM's userspace_addr, hva).
#pragma once
#include <cstdint>

#include "common/base/address.h"

namespace nestwalk {

using Hva = Address<struct HostVirtualSpace>;

struct HvaRange {
  Hva first;
  std::uint64_t bytes = 0;
  Hva end() const { return first + bytes; }
  bool holds(Hva at) const { return at >= first && at - first < bytes; }
};

// Intermediate addresses [first, first + bytes): what a range of host memory is to the guest.
struct IpaRange {
  Ipa first;
  std::uint64_t bytes = 0;
  Ipa end() const { return first + bytes; }
};

}  // namespace nestwalk
