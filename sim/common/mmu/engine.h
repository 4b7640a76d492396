// One vCPU's translation hardware, as the rest of the machine sees it: register state that selects
// the tables, the walk, and the judgement of a cached entry. Implemented by each architecture.
// Never looks into TLBs: the machine does, with tag(), and walks when they do not serve.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/address.h"
#include "common/mmu/walk_port.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_caches.h"

namespace nestwalk {

struct WalkReply {
  Fault fault{};
  Pa pa{};                           // of the accessed byte; undefined after a fault
  TlbEntry entry{};                  // what a TLB may keep; undefined after a fault
  std::uint8_t stage1_size_lg2 = 0;  // size of the stage-1 leaf; 0: no stage 1
  std::uint8_t stage2_size_lg2 = 0;  // size of the stage-2 leaf; 0: no stage 2
};

// The shape of the walks that the current registers ask for (for reports and closed forms).
struct WalkShape {
  std::uint8_t stage1_levels = 0;  // tables from root to last level; 0: stage 1 off
  std::uint8_t stage2_levels = 0;  // 0: stage 2 off
};

class TranslationEngine {
 public:
  virtual ~TranslationEngine() = default;

  // The tag under which the current address space's translations are cached.
  virtual Tag tag() const = 0;
  // The address under which a TLB knows `va`: without a top byte that translation ignores (Arm
  // TBI). TLBs are looked up and filled with it; walk() takes either.
  virtual Va cached_address(Va va, const Access&) const { return va; }
  // Whether that can differ from the address itself, in any address space.
  virtual bool ignores_top_byte() const { return false; }
  // The fault that an access to `va` takes when more than one TLB entry maps it; none: any of them
  // may serve. (Software has changed the size of a mapping without invalidating the old one.)
  virtual Fault tlb_conflict() const { return {}; }
  // Walks the tables for one access. Uses and fills `caches`; reads and updates entries through
  // `port`. Sets accessed and dirty flags as the architecture does.
  virtual WalkReply walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) = 0;
  // May a TLB entry with these attributes serve the access, under the current registers? If not,
  // the machine drops the entry and walks: the walk faults, or sets the dirty flag, or finds new
  // rights.
  virtual bool serves(std::uint64_t attributes, const Access& access) const = 0;
  // Names the root of an address space's stage-1 tables, before it is entered for the first time.
  virtual void set_space_root(std::uint16_t space, std::uint64_t root) = 0;
  // What hardware itself drops when an access faults (SDM 5.10.4.1, 30.4.3.1), so that a retry sees
  // what the handler has changed.
  virtual std::vector<Invalidation> dropped_by_fault(const Fault&, Va) const { return {}; }
  // Makes `space` the current address space: what the guest's context switch writes to registers.
  virtual void enter_space(std::uint16_t space) = 0;
  // What entering spaces invalidates on this vCPU, since last asked: hardware whose tags do not
  // tell address spaces apart.
  virtual std::vector<Invalidation> take_invalidations() { return {}; }

  virtual WalkShape shape() const = 0;
  // The manual's name of a table: e.g. "PML4E", "EPT PDE", "stage 1 level 0".
  virtual std::string level_name(unsigned stage, int height) const = 0;
  // The fault as software sees it: e.g. "#PF error code 0x6", "EPT violation, qualification 0x181".
  virtual std::string describe(const Fault& fault, Va va, const Access& access) const = 0;
};

}  // namespace nestwalk
