// The engine's control-register loads, and the PDPTE registers of PAE paging that come with them
// (SDM vol. 3, 5.4.1). The PDPTEs are read through the second stage, but by no linear address; and
// they are only read, even where EPT takes other accesses to guest tables for writes (SDM 30.3.3.2,
// 30.3.5).
#include "common/mmu/stage2.h"
#include "x86/engine.h"

namespace nestwalk::x86 {
namespace {

using Paging = VirtualMachine::Paging;

constexpr std::int8_t pdpt_height = 2;

// `locate(ipa, pa, fault)` gives the physical address of an entry.
template <class Locate>
Fault read_pdptes(std::uint64_t cr3, WalkPort& port, std::array<std::uint64_t, 4>& words,
                  Locate locate) {
  Fault fault;
  for (unsigned i = 0; i < 4; ++i) {
    Pa at{};
    if (!locate(Ipa{(cr3 & field_mask(31, 5)) + 8 * std::uint64_t{i}}, at, fault)) break;
    if (port.read(at, 8, {pdpt_height, RefPosition::none}, words[i])) continue;
    fault.cause = FaultCause::bus_error;
    fault.stage = 1;
    fault.height = pdpt_height;
    break;
  }
  return fault;
}

}  // namespace

LoadOutcome Engine::load_pdptes(Registers& registers, WalkCaches& caches, WalkPort& port) {
  std::array<std::uint64_t, 4> words{};
  LoadOutcome outcome;
  if (vm_.paging == Paging::ept) {
    Stage2<EptFormat> stage2(ept_, second_stage_tag_, caches, port);
    constexpr Access load{.type = AccessType::read, .user = false, .table_walk = true};
    outcome.fault = read_pdptes(registers.cr3, port, words, [&](Ipa ipa, Pa& pa, Fault& fault) {
      Stage2Leaf leaf;
      const bool found = stage2.translate(ipa, load, pdpt_height, leaf, fault);
      pa = leaf.pa;
      return found;
    });
    outcome.fault.detail |= detail_not_linear;
  } else {
    outcome.fault = read_pdptes(registers.cr3, port, words, [](Ipa ipa, Pa& pa, Fault&) {
      pa = Pa{ipa.value};
      return true;
    });
  }
  if (outcome.fault) return outcome;
  outcome.fault = {};
  for (const std::uint64_t word : words)
    if (bit(word, pte_p) && (word & pae_pdpte_reserved(cpu_))) outcome.general_protection = true;
  if (!outcome.general_protection) registers.pdptes = words;
  return outcome;
}

LoadOutcome Engine::apply(const RegisterWrite& write, WalkCaches& caches, WalkPort& port) {
  LoadOutcome outcome;
  outcome.general_protection = write.general_protection;
  if (outcome.general_protection) return outcome;
  Registers after = write.after;
  if (write.loads_pdptes) {
    outcome = load_pdptes(after, caches, port);
    if (outcome.fault || outcome.general_protection) return outcome;
  }
  outcome.invalidations = write.invalidations;
  pdptes_due_ = false;
  registers_ = after;
  refresh();
  return outcome;
}

LoadOutcome Engine::move_to_cr3(std::uint64_t value, WalkCaches& caches, WalkPort& port) {
  return apply(write_cr3(registers_, value, cpu_, vm_), caches, port);
}
LoadOutcome Engine::move_to_cr0(std::uint64_t value, WalkCaches& caches, WalkPort& port) {
  return apply(write_cr0(registers_, value, cpu_, vm_), caches, port);
}
LoadOutcome Engine::move_to_cr4(std::uint64_t value, WalkCaches& caches, WalkPort& port) {
  return apply(write_cr4(registers_, value, cpu_, vm_), caches, port);
}

}  // namespace nestwalk::x86
