#include "arm64/engine.h"

#include <fmt/format.h>

#include "common/base/check.h"

namespace nestwalk::arm64 {

Engine::Engine(const Features& features, const Knobs& knobs, const Registers& regs,
               const ProcessorState& now, const Departures& departures)
    : features_(features), knobs_(knobs), departures_(departures), regs_(regs), now_(now) {
  decode();
}

void Engine::set_registers(const Registers& regs) {
  regs_ = regs;
  decode();
}

void Engine::set_processor_state(const ProcessorState& now) {
  now_ = now;
  decode();
}

void Engine::decode() {
  state_ = decode_state(regs_, now_, features_, knobs_, departures_);
  pan_ = state_.stage1_on && state_.halves[0].controls().pan;
  unprivileged_is_privileged_ = !judged_unprivileged(true, regs_, now_, features_);
}

void Engine::set_space_root(std::uint16_t space, std::uint64_t root) { roots_[space] = root; }

void Engine::enter_space(std::uint16_t space) {
  const auto found = roots_.find(space);
  NW_CHECK(found != roots_.end(), "address space {} has no root", space);
  const TableGeometry& tables = state_.halves[0].geometry();
  std::uint64_t ttbr = found->second | std::uint64_t{space} << 48;
  if (found->second >> 48)
    ttbr = (found->second & low_mask(48)) | bits(found->second, 51, 48) << 2 |
           std::uint64_t{space} << 48;
  NW_CHECK(found->second >> tables.output_bits == 0, "root {:#x} lies beyond {} bits",
           found->second, tables.output_bits);
  const bool host = state_.regime == Regime::el2_0;
  (host ? regs_.ttbr0_el2 : regs_.ttbr0_el1) = ttbr;
  decode();
}

// Combined entries: which stage reports it is the implementation's choice.
Fault Engine::tlb_conflict() const {
  Fault fault;
  if (knobs_.tlb_conflict == Knobs::Conflict::any || features_.bbm >= 3) return fault;
  fault.cause = FaultCause::conflict;
  fault.stage = state_.stage1_on ? 1 : 2;
  return fault;
}

WalkShape Engine::shape() const {
  const auto levels = [](bool on, const TableGeometry& tables) {
    return static_cast<std::uint8_t>(on ? tables.root_height + 1 : 0);
  };
  return {levels(state_.stage1_on, state_.halves[0].geometry()),
          levels(state_.stage2_on, state_.stage2.geometry())};
}

std::string Engine::level_name(unsigned stage, int height) const {
  return fmt::format("stage {} level {}", stage, level_of(height));
}

Syndrome Engine::syndrome(const Fault& fault, Va va, const Access& access,
                          const Instruction& instruction) const {
  Access judged = access;
  judged.user = unprivileged(access);
  return make_syndrome(fault, va, judged, instruction, regs_, now_, state_.regime, knobs_);
}

std::string Engine::describe(const Fault& fault, Va va, const Access& access) const {
  if (!fault) return "no fault";
  static constexpr const char* names[] = {
      "no",         "Translation",    "TLB conflict", "Address size", "Access flag",
      "Permission", "External abort", "Translation",  "TLB conflict", "Alignment"};
  const Syndrome s = syndrome(fault, va, access);
  std::string text =
      fmt::format("stage {} {} fault, level {}{}, to EL{}: ESR {:#x}", fault.stage,
                  names[static_cast<unsigned>(fault.cause)], reported_level(fault),
                  fault.on_table_walk ? ", on a stage-1 table walk" : "", s.target_el, s.esr);
  if (s.hpfar_valid) text += fmt::format(", HPFAR {:#x}", s.hpfar);
  return text;
}

}  // namespace nestwalk::arm64
