// The translation hardware of one x86 logical processor: native paging, EPT and NPT, from register
// state. Walks in one or two stages, judges TLB entries, names faults. Does not hold TLBs.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "common/mmu/engine.h"
#include "common/tlb/invalidation.h"
#include "x86/control_registers.h"
#include "x86/cpu.h"
#include "x86/ep4ta_ids.h"
#include "x86/ept_format.h"
#include "x86/paging_format.h"
#include "x86/registers.h"
#include "x86/syndrome.h"

namespace nestwalk::x86 {

// Tags of cached translations: space = PCID, vm = VPID or ASID, root = the EPT root's number,
// regime = whether a second stage was in use (SDM 30.4.1: combined, not linear mappings).
inline constexpr std::uint16_t regime_linear = 0, regime_second_stage = 1;

// What an instruction that loads a control register came to.
struct LoadOutcome {
  bool general_protection = false;  // nothing changed
  Fault fault{};                    // a PDPTE could not be read: an exit; nothing changed
  std::vector<Invalidation> invalidations;
};

class Engine final : public TranslationEngine {
 public:
  explicit Engine(const Cpu& cpu, std::shared_ptr<Ep4taIds> ids = std::make_shared<Ep4taIds>());

  const Cpu& cpu() const { return cpu_; }
  const Registers& registers() const { return registers_; }
  const VirtualMachine& vm() const { return vm_; }
  // Puts the state in place as it is: no checks, no invalidations, PDPTE registers as given.
  void set(const Registers& registers, const VirtualMachine& vm);
  void set_registers(const Registers& registers) { set(registers, vm_); }

  // MOV to CR3, CR0, CR4 with checks, PDPTE loads through `port`, and the invalidations due.
  LoadOutcome move_to_cr3(std::uint64_t value, WalkCaches& caches, WalkPort& port);
  LoadOutcome move_to_cr0(std::uint64_t value, WalkCaches& caches, WalkPort& port);
  LoadOutcome move_to_cr4(std::uint64_t value, WalkCaches& caches, WalkPort& port);

  // A space's PCID is its number. In PAE mode entering one loads its PDPTEs when its first walk
  // begins.
  void set_space_root(std::uint16_t space, std::uint64_t root) override;
  void enter_space(std::uint16_t space) override;
  // What entering spaces should have invalidated (nothing with PCIDs) since last asked.
  std::vector<Invalidation> take_invalidations() override;

  Tag tag() const override { return tag_; }
  // Tag of the second stage's own entries (guest-physical mappings, stage-2 TLB).
  Tag second_stage_tag() const { return second_stage_tag_; }
  WalkReply walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) override;
  bool serves(std::uint64_t attributes, const Access& access) const override;
  std::vector<Invalidation> dropped_by_fault(const Fault& fault, Va va) const override;
  WalkShape shape() const override;
  std::string level_name(unsigned stage, int height) const override;
  std::string describe(const Fault& fault, Va va, const Access& access) const override;
  Syndrome syndrome(const Fault& fault, Va va, const Access& access) const;

  // The formats in use (to edit tables of their form).
  const GuestFormat& guest_format() const { return guest_; }
  const EptFormat& ept_format() const { return ept_; }
  const NptFormat& npt_format() const { return npt_; }

 private:
  WalkReply walk_one_stage(Va va, const Access& access, WalkCaches& caches, WalkPort& port);
  template <class F2>
  WalkReply walk_two_stages(const F2& format, Va va, const Access& access, WalkCaches& caches,
                            WalkPort& port);
  WalkReply unpaged(Va va) const;
  // Reads the four PDPTEs that `registers`' CR3 names.
  LoadOutcome load_pdptes(Registers& registers, WalkCaches& caches, WalkPort& port);
  LoadOutcome apply(const RegisterWrite& write, WalkCaches& caches, WalkPort& port);
  void refresh();

  Cpu cpu_;
  std::shared_ptr<Ep4taIds> ids_;
  Registers registers_;
  VirtualMachine vm_;

  GuestFormat guest_;
  EptFormat ept_;
  NptFormat npt_;
  AccessRules rules_;
  Tag tag_{}, second_stage_tag_{};

  std::map<std::uint16_t, std::uint64_t> roots_;
  bool pdptes_due_ = false;
  std::vector<Invalidation> due_;
};

}  // namespace nestwalk::x86
