// What stands behind a guest hypervisor's own memory, without time: its slots, their backing, and
// the stage-2 entries that its accesses have made ("canonical" in KVM: its own, not its guest's).
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "arm64/kvm/abort_answer.h"
#include "arm64/records/record.h"
#include "common/host/backing.h"

namespace nestwalk::arm64 {

class CanonicalStage2 {
 public:
  explicit CanonicalStage2(const Record& record);

  enum class End : std::uint8_t { memory, device, refused };
  struct Outcome {
    End end = End::memory;
    bool faulted = false;
    std::vector<Mapping> maps;
  };
  // An access by the guest hypervisor.
  Outcome access(Ipa at, bool write);
  // What the record says has been mapped.
  void mapped(const Mapping& mapping) { entries_[mapping.ipa] = mapping.bytes; }

 private:
  bool holds(Ipa at) const;

  FrameAllocator no_frames_{{4096}};
  std::map<unsigned, std::unique_ptr<MappingPolicy>> policies_;  // by lg2 of the page
  Backing backing_;
  Slots slots_;
  std::map<std::uint64_t, std::uint64_t> entries_;  // first address, bytes
};

}  // namespace nestwalk::arm64
