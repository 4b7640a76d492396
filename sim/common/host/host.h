// A host machine's memory: frames, the policies that give them out, and the virtual machines that
// share them.
#pragma once
#include <memory>
#include <vector>

#include "common/host/host_vm.h"

namespace nestwalk {

class Host {
 public:
  Host(PhysicalMemory& memory, const FrameAllocatorSpec& frames)
      : memory_(memory), frames_(frames) {}
  Host(const Host&) = delete;

  // Null: the policy's pool does not fit.
  MappingPolicy* add_policy(const PolicySpec& spec) { return keep(make_policy(spec, frames_)); }
  // Every host-virtual address is its own frame (make_identity_policy).
  MappingPolicy* add_identity_policy(const PolicySpec& spec) {
    return keep(make_identity_policy(spec));
  }
  // A virtual machine of its own process, with no memory yet.
  HostVm& add_vm(const SlotsSpec& slots = {}) {
    vms_.push_back(std::make_unique<HostVm>(memory_, frames_, slots));
    return *vms_.back();
  }

  PhysicalMemory& memory() { return memory_; }
  FrameAllocator& frames() { return frames_; }
  const std::vector<std::unique_ptr<HostVm>>& vms() const { return vms_; }
  // Set aside by policies and not in use.
  std::uint64_t idle_reserved_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& policy : policies_) sum += policy->idle_reserved_bytes();
    return sum;
  }

 private:
  MappingPolicy* keep(std::unique_ptr<MappingPolicy> policy) {
    if (!policy) return nullptr;
    policies_.push_back(std::move(policy));
    return policies_.back().get();
  }

  PhysicalMemory& memory_;
  FrameAllocator frames_;
  std::vector<std::unique_ptr<MappingPolicy>> policies_;
  std::vector<std::unique_ptr<HostVm>> vms_;
};

}  // namespace nestwalk
