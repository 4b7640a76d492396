// What the machine needs of an architecture: tables for its guest and host, translation hardware
// bound to them, the host's fault path, and what software must invalidate. Chosen in main.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/cpu/cost_table.h"
#include "common/cpu/flush_sequence.h"
#include "common/cpu/table_watch.h"
#include "common/hyp/host_fault_path.h"
#include "common/mmu/engine.h"
#include "common/paging/page_tables.h"
#include "common/tlb/invalidation.h"

namespace nestwalk {

// What a kernel invalidates after it has unmapped a page.
enum class UnmapInvalidation : std::uint8_t {
  address,  // the page alone
  space,    // everything of its address space
  vm,       // everything of the virtual machine
  all       // everything
};

// What a kernel has unmapped: a block of the address space, which leaves of 2^leaf_lg2 bytes
// mapped.
struct UnmappedBlock {
  Va base{};
  std::uint8_t size_lg2 = 12, leaf_lg2 = 12;
};

class Architecture {
 public:
  virtual ~Architecture() = default;
  virtual bool has_stage1() const = 0;
  virtual bool has_stage2() const = 0;
  // Empty stage-1 tables for one address space; empty stage-2 tables for the virtual machine.
  virtual std::unique_ptr<PageTables> make_stage1(TableIo& io) const = 0;
  virtual std::unique_ptr<PageTables> make_stage2(TableIo& io) const = 0;
  // One vCPU's hardware. `stage2_root` is unused without stage 2.
  virtual std::unique_ptr<TranslationEngine> make_engine(std::uint64_t stage2_root) const = 0;
  virtual std::unique_ptr<HostFaultPath> make_host_fault_path(const CostTable& costs) const = 0;
  // The instructions that a kernel issues for a block of the space with this tag.
  virtual FlushSequence after_unmap(UnmapInvalidation kind, Tag tag,
                                    const UnmappedBlock& block) const = 0;
  // Whether other vCPUs invalidate when software on them takes an interrupt (x86), or by themselves
  // when a broadcast reaches them (Arm).
  virtual bool invalidates_by_interrupt() const = 0;
  // Watches over tables with this root: of one address space, of the virtual machine. Null: this
  // architecture demands no order of stores and invalidations.
  virtual std::unique_ptr<TableWatch> watch_stage1(std::uint16_t /*space*/, std::uint64_t /*root*/,
                                                   TableReader /*read*/) const {
    return nullptr;
  }
  virtual std::unique_ptr<TableWatch> watch_stage2(std::uint64_t /*root*/,
                                                   TableReader /*read*/) const {
    return nullptr;
  }
  // Whether sign-extended addresses of the upper half are mapped by the same stage-1 tables (x86),
  // or by others that are not modelled (Arm's TTBR1).
  virtual bool upper_half_in_same_tables() const = 0;
  // Address spaces are numbered 0 .. largest_space().
  virtual std::uint16_t largest_space() const = 0;
  // lg2 bytes of the smallest page of each stage: the guest's granule, the host's.
  virtual std::uint8_t stage1_granule_lg2() const = 0;
  virtual std::uint8_t stage2_granule_lg2() const = 0;
};

}  // namespace nestwalk
