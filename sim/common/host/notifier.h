// How the host tells a virtual machine that its process's memory changes (Linux's MMU notifiers),
// and how a fault handler that has looked up a page before it took the lock learns that the page
// may be gone. Called under the VM's MMU lock for writing; retry() under it in either mode.
// Linux 6.14: kvm_mmu_invalidate_begin, _range_add, _end (virt/kvm/kvm_main.c);
// mmu_invalidate_retry, mmu_invalidate_retry_gfn (include/linux/kvm_host.h).
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/check.h"
#include "common/host/hva.h"

namespace nestwalk {

// Why the host's memory changes. KVM unmaps on both of the first two; age clears accessed flags and
// stops no fault handler.
enum class HostEvent : std::uint8_t { unmap, protect, age };

class Notifier {
 public:
  // How often an invalidation has ended. An unsigned long in Linux, compared for equality only: it
  // may wrap.
  using Sequence = std::uint64_t;

  explicit Notifier(Sequence first = 0) : sequence_(first) {}

  // An invalidation begins; its ranges follow; its end, after unmapping and flushing them, and
  // after the host has changed its own tables. Invalidations may overlap in time: their ranges are
  // merged into the smallest range around them until the last has ended.
  void begin() {
    if (++in_progress_ == 1) range_.reset();
  }
  void add_range(const IpaRange& added) {
    NW_CHECK(in_progress_, "no invalidation has begun");
    if (!range_) {
      range_ = added;
      return;
    }
    const Ipa first = std::min(range_->first, added.first);
    range_ = IpaRange{first, std::max(range_->end(), added.end()) - first};
  }
  void end() {
    NW_CHECK(in_progress_, "an invalidation ends that has not begun");
    ++sequence_;
    --in_progress_;
  }

  // To be read before the host's page is looked up.
  Sequence sequence() const { return sequence_; }
  bool in_progress() const { return in_progress_ != 0; }

  // Whether a page looked up since then may be stale, so that the fault must be taken again.
  bool retry(Sequence since) const { return in_progress_ || sequence_ != since; }
  // The same, but invalidations under way of other addresses do not count.
  bool retry(Sequence since, Ipa at) const {
    return (in_progress_ && (!range_ || (at >= range_->first && at < range_->end()))) ||
           sequence_ != since;
  }

 private:
  Sequence sequence_;
  unsigned in_progress_ = 0;
  std::optional<IpaRange> range_;  // of what is under way
};

}  // namespace nestwalk
