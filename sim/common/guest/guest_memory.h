// Guest-physical memory as guest software reaches it: every intermediate address is backed by the
// host, which maps it on first use. With one stage, intermediate addresses are physical.
#pragma once
#include "common/hyp/host_fault_path.h"

namespace nestwalk {

class GuestMemory {
 public:
  // `host` and `faults` are null where there is no second stage.
  GuestMemory(HostVm* host, HostFaultPath* faults) : host_(host), faults_(faults) {}

  // The physical address to which stage 2 maps `ipa`. If it does not, the guest's access faults and
  // the host handles that, on `software`.
  Pa reach(Ipa ipa, Software& software);
  // Reaches every byte of a block, as zeroing it does.
  void reach_all(Ipa base, unsigned size_lg2, Software& software);
  // True and the address, if the host has memory behind it, mapped or not; takes no time.
  bool backing(Ipa ipa, Pa& pa) const;

 private:
  HostVm* host_;
  HostFaultPath* faults_;
};

// Guest memory for stage-1 tables. Guest kernels map all memory linearly with large pages, so their
// own translations are taken to hit; the entries go through the caches at their physical addresses.
class GuestTableIo final : public TableIo {
 public:
  GuestTableIo(GuestMemory& memory, FrameAllocator& frames, PhysicalMemory& physical,
               Software& software, Cycles table_cost)
      : memory_(memory),
        frames_(frames),
        physical_(physical),
        software_(software),
        table_cost_(table_cost) {}

  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return software_.load(memory_.reach(Ipa{at}, software_), bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    const Pa pa = memory_.reach(Ipa{at}, software_);
    const std::uint64_t before = watch_ ? physical_.read(pa, bytes) : 0;
    software_.store(pa, bytes, word);
    if (watch_) watch_->wrote(at, before, word);
  }
  void watched_by(TableWatch* watch) { watch_ = watch; }  // null: nobody
  std::uint64_t allocate_table(unsigned size_lg2) override;
  void free_table(std::uint64_t at, unsigned size_lg2) override;
  std::uint64_t made_bytes() const { return made_bytes_; }

 private:
  GuestMemory& memory_;
  FrameAllocator& frames_;
  PhysicalMemory& physical_;
  Software& software_;
  Cycles table_cost_;
  TableWatch* watch_ = nullptr;
  std::uint64_t made_bytes_ = 0;
};

}  // namespace nestwalk
