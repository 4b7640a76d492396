// A processor of sim/x86 with TLB, walk caches and stage-2 TLB on the tables of stale_tables.h,
// beside the naive model of what it may have cached. Tests take steps in it: accesses, edits
// without any invalidation, operations that invalidate, changes of the guest that runs.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>

#include "common/mmu/vcpu_mmu.h"
#include "property/x86/invalidation_lists.h"
#include "property/x86/stale_model.h"
#include "property/x86/stale_tables.h"
#include "x86/engine.h"

namespace nestwalk::x86::test {

// One step. Operands that the action does not have mean nothing; numbers are taken modulo what
// there is.
struct Step {
  enum class Action : std::uint8_t {
    access,
    edit_pte,
    edit_pde,
    edit_backing,
    edit_host_table,
    instruction,
    run_guest,  // VM entry, or exit for the host
  };
  Action action = Action::access;
  unsigned where = 0, which = 0, what = 0;
  bool write = false, user = false, global = false;
  Operation operation{};  // of `instruction`, and of VMRUN
};

enum class Machine : std::uint8_t { intel, amd };

class StaleWorld {
 public:
  StaleWorld(Machine machine, bool walk_caches);

  void take(const Step& step);
  // The step as it is taken now, for reports.
  std::string text(const Step& step) const;
  // Empty: everything so far was legal. Else what the last access came to, and what it might have.
  const std::string& mistake() const { return mistake_; }

  struct Counts {
    std::uint64_t accesses = 0, served_by_tlb = 0;
    std::uint64_t stale = 0;   // came to something else than a walk of memory alone
    std::uint64_t forced = 0;  // only one outcome was legal
  };
  const Counts& counts() const { return counts_; }

 private:
  void access(const Step& step);
  ModelOutcome carry_out(const ModelAccess& access);
  void execute(const Step& step);
  void apply(const std::vector<Invalidation>& list);
  void perform(const Operation& operation);
  void run_guest(const Step& step);
  bool can(Operation::Kind kind) const;
  std::uint64_t pte_of(const Step& step) const;
  std::uint64_t pde_of(const Step& step) const;
  std::uint64_t frame_of(const Step& step) const;
  ModelState model_state() const;

  Machine machine_;
  PhysicalMemory memory_;
  StaleTables tables_;
  std::shared_ptr<Ep4taIds> ids_ = std::make_shared<Ep4taIds>();
  Executor executor_;
  Engine engine_;
  UntimedPort port_{memory_};
  VcpuMmu mmu_;
  StaleModel model_{memory_};
  unsigned running_root_ = 0;  // host tables in use, from 1; 0: none
  bool in_guest_ = false;
  Counts counts_;
  std::string mistake_;
};

}  // namespace nestwalk::x86::test
