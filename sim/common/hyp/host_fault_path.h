// How the host handles a stage-2 fault: one path per architecture.
#pragma once
#include "common/cpu/software.h"
#include "common/host/host_vm.h"

namespace nestwalk {

class HostFaultPath {
 public:
  virtual ~HostFaultPath() = default;
  // Maps the page around `ipa`, which lies in the slot. Throws UserErrors when host memory runs
  // out.
  virtual void handle(Ipa ipa, HostVm& vm, Software& software) = 0;
};

}  // namespace nestwalk
