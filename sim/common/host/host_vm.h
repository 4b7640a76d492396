// The host's side of one virtual machine: its memory slot, the stage-2 tables, host memory and the
// policy that backs guest memory with it. State only; the paths that change it are step machines of
// the architectures (sim/*/kvm).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "common/cpu/software.h"
#include "common/cpu/table_watch.h"
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

struct HostVm {
  HostVm(PhysicalMemory& physical, const FrameAllocatorSpec& frames_spec, std::uint64_t slot)
      : memory(physical), frames(frames_spec), slot_bytes(slot) {}

  PhysicalMemory& memory;
  FrameAllocator frames;
  std::unique_ptr<MappingPolicy> policy;
  std::unique_ptr<PagePlacer> placer;
  std::unique_ptr<PageTables> tables;  // stage 2
  std::unique_ptr<TableWatch> watch;   // of checked runs
  std::uint64_t slot_bytes;            // guest memory: intermediate addresses 0 .. slot_bytes - 1
  MappingCounts counts;
  std::uint64_t table_bytes = 0;

  bool in_slot(Ipa ipa) const { return ipa.value < slot_bytes; }
  // The stage-2 leaf that maps `ipa`, in no time.
  std::optional<Mapping> mapping(Ipa ipa) const;
  // The physical address behind `ipa`, from the tables, in no time; false: not mapped.
  bool backing(Ipa ipa, Pa& pa) const;
};

// How much of a host page of this size one stage-2 fault maps; both lg2 bytes. KVM maps one leaf,
// the largest that the page holds (arm64 user_mem_abort: a page of CONT_PTE_SIZE counts as
// PAGE_SIZE, one of CONT_PMD_SIZE as PMD_SIZE; x86 has no others), and never a contiguous run. A
// run is mapped whole where the tables are told to mark runs, which no KVM does yet.
unsigned mapped_at_once_lg2(const PageTables& stage2, unsigned block_lg2);

// Steps that both architectures' paths share.
// The page that backs `ipa`, from the policy; with `fresh_lg2`, the handler has to zero that much.
PlacedPage host_page_for(Ipa ipa, HostVm& vm);
// Enters the page into stage 2 unless another vCPU has, and says whether it did; `table_cost`:
// cycles per table made.
bool map_host_page(const PlacedPage& placed, HostVm& vm, Software& software, Cycles table_cost);

}  // namespace nestwalk
