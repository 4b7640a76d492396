// Arm64's translation hardware of one vCPU: registers in, translations and faults out. Registers
// are decoded when they change (regime.h); a walk is then one of four compositions of the common
// walk. Left out: alignment of plain accesses, tagged memory, Realm and Secure state, AArch32.
#pragma once
#include <string>
#include <unordered_map>

#include "arm64/regime.h"
#include "arm64/syndrome.h"
#include "common/mmu/engine.h"

namespace nestwalk::arm64 {

class Engine final : public TranslationEngine {
 public:
  explicit Engine(const Features& features, const Knobs& knobs = {}, const Registers& regs = {},
                  const ProcessorState& now = {}, const Departures& departures = {});

  const Features& features() const { return features_; }
  const Knobs& knobs() const { return knobs_; }
  const Departures& departures() const { return departures_; }
  const Registers& registers() const { return regs_; }
  const ProcessorState& processor_state() const { return now_; }
  const TranslationState& state() const { return state_; }
  void set_registers(const Registers& regs);
  void set_processor_state(const ProcessorState& now);

  Tag tag() const override { return state_.tag; }
  Va cached_address(Va va, const Access& access) const override {
    return state_.canonical(va, access.type);
  }
  bool ignores_top_byte() const override {
    return state_.tbi[0] || state_.tbi[1] || state_.tbi_fetch[0] || state_.tbi_fetch[1];
  }
  Fault tlb_conflict() const override;
  WalkReply walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) override;
  bool serves(std::uint64_t attributes, const Access& access) const override {
    Access judged = access;
    judged.user = unprivileged(access);
    const bool pan = pan_ && !judged.user && access.type != AccessType::fetch &&
                     (attributes & attribute_pan_blocks);
    return (needed(judged) & ~attributes) == 0 && !pan;
  }
  // A space is an ASID; its root goes into TTBR0_EL1 (TTBR0_EL2 in EL2&0) when it is entered.
  void set_space_root(std::uint16_t space, std::uint64_t root) override;
  void enter_space(std::uint16_t space) override;

  WalkShape shape() const override;
  std::string level_name(unsigned stage, int height) const override;
  std::string describe(const Fault& fault, Va va, const Access& access) const override;

  // A walk for an instruction that is not an ordinary access (operation.h). `stage1_only`: AT S1*.
  WalkReply walk_for(Operation op, Va va, const Access& access, WalkCaches& caches, WalkPort& port,
                     bool stage1_only = false);
  // What software sees of a fault of this access (syndrome.h).
  Syndrome syndrome(const Fault& fault, Va va, const Access& access,
                    const Instruction& instruction = {}) const;

 private:
  bool unprivileged(const Access& access) const {
    return access.user && !unprivileged_is_privileged_;
  }
  void decode();

  Features features_;
  Knobs knobs_;
  Departures departures_;
  Registers regs_;
  ProcessorState now_;
  TranslationState state_;
  bool pan_ = false;                         // PSTATE.PAN, where it has an effect
  bool unprivileged_is_privileged_ = false;  // LDTR and STTR act as LDR and STR
  std::unordered_map<std::uint16_t, std::uint64_t> roots_;
};

}  // namespace nestwalk::arm64
