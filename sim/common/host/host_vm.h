// The host's side of one virtual machine: its memory slots, what backs them, the notifier and the
// stage-2 tables. State only; the paths that change it are step machines of
// the architectures (sim/*/kvm).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "common/cpu/software.h"
#include "common/cpu/table_watch.h"
#include "common/host/dirty_log.h"
#include "common/host/notifier.h"
#include "common/host/truth.h"
#include "common/mapping/page_placer.h"
#include "common/paging/page_tables.h"

namespace nestwalk {

// Host memory for stage-2 tables, reached by the host at physical addresses.
class HostTableIo final : public TableIo {
 public:
  HostTableIo(FrameAllocator& frames, PhysicalMemory& memory, Software& software, Cycles table_cost)
      : frames_(frames), memory_(memory), software_(software), table_cost_(table_cost) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return software_.load(Pa{at}, bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    const std::uint64_t before = watch_ ? memory_.read(Pa{at}, bytes) : 0;
    software_.store(Pa{at}, bytes, word);
    if (watch_) watch_->wrote(at, before, word);
  }
  void watched_by(TableWatch* watch) { watch_ = watch; }  // null: nobody
  std::uint64_t allocate_table(unsigned size_lg2) override;
  void free_table(std::uint64_t at, unsigned size_lg2) override;
  std::uint64_t made_bytes() const { return made_bytes_; }

 private:
  FrameAllocator& frames_;
  PhysicalMemory& memory_;
  Software& software_;
  Cycles table_cost_;
  TableWatch* watch_ = nullptr;
  std::uint64_t made_bytes_ = 0;
};

// Guest memory of one slot: an area of the process with its own policy.
struct GuestRam {
  SlotRequest slot;
  MappingPolicy* policy = nullptr;  // outlives the VM
  std::uint8_t hugetlb_lg2 = 0;     // as in Area
};

struct HostVm {
  HostVm(PhysicalMemory& physical, FrameAllocator& host_frames, const SlotsSpec& spec)
      : memory(physical),
        frames(host_frames),
        slots(spec),
        backing(host_frames, {}, spec.page_lg2) {}

  PhysicalMemory& memory;
  FrameAllocator& frames;  // of the host, shared with its other VMs
  Slots slots;
  Backing backing;
  Notifier notifier;
  std::map<std::uint16_t, DirtyLog> dirty_logs;  // of the logged slots, by id
  std::unique_ptr<PageTables> tables;            // stage 2
  std::unique_ptr<TableWatch> watch;             // of checked runs
  MappingCounts counts;                          // of what stage 2 maps
  std::uint64_t table_bytes = 0;

  // Adds an area and the slot that shows it to the guest.
  SlotError add_ram(const GuestRam& ram);

  // Changes slots (Slots::set); a logged slot has a dirty log from then on, until logging ends.
  SlotVerdict set_slot(
      const SlotRequest& request,
      const std::function<void(const Slot&)>& unmap = [](const Slot&) {});
  // Marks the page around `ipa` in its slot's log, if it has one.
  void mark_dirty(Ipa ipa);
  // The host changes what stands at `range` of the process: `change` does it, after `unmap` has
  // unmapped and flushed each part that the guest sees of it; fault handlers that looked pages up
  // before the end will know. Gives what `change` gives.
  bool change_host(const HvaRange& range, const std::function<void(const IpaRange&)>& unmap,
                   const std::function<bool(Backing&)>& change);

  bool in_slot(Ipa ipa) const {
    const Slot* slot = slots.find(ipa);
    return slot && !slot->invalid;
  }
  // The stage-2 leaf that maps `ipa`, in no time: what hardware can reach.
  std::optional<Mapping> mapping(Ipa ipa) const;
  // What stands behind `ipa`, in no time, whether stage 2 maps it or not.
  Grant grant(Ipa ipa) const { return grant_of(slots, backing, ipa); }
};

// How much of a host page of this size one stage-2 fault maps; both lg2 bytes. KVM maps one leaf,
// the largest that the page holds (arm64 user_mem_abort: a page of CONT_PTE_SIZE counts as
// PAGE_SIZE, one of CONT_PMD_SIZE as PMD_SIZE; x86 has no others), and never a contiguous run. A
// run is mapped whole where the tables are told to mark runs, which no KVM does yet.
unsigned mapped_at_once_lg2(const PageTables& stage2, unsigned block_lg2);

// Steps that both architectures' paths share.
// The page that backs `ipa`, from the policy; with `fresh_lg2`, the handler has to zero that much.
PlacedPage host_page_for(Ipa ipa, HostVm& vm);
// Enters the page into stage 2 unless another vCPU has, or it is no longer what stands behind its
// addresses, and says whether it did; `table_cost`:
// cycles per table made.
bool map_host_page(const PlacedPage& placed, HostVm& vm, Software& software, Cycles table_cost);

}  // namespace nestwalk
