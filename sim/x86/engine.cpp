#include "x86/engine.h"

#include "x86/implicit_invalidation.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/check.h"
#include "common/mmu/stage1_tables.h"
#include "x86/level_names.h"
#include "x86/tlb_attributes.h"

namespace nestwalk::x86 {

using Paging = VirtualMachine::Paging;

Engine::Engine(const Cpu& cpu, std::shared_ptr<Ep4taIds> ids) : cpu_(cpu), ids_(std::move(ids)) {
  refresh();
}

void Engine::set(const Registers& registers, const VirtualMachine& vm) {
  registers_ = registers;
  vm_ = vm;
  refresh();
}

void Engine::refresh() {
  rules_ = AccessRules(registers_);
  const PagingKind kind = registers_.paging_kind();
  guest_ = GuestFormat(kind, pdptes_in_memory(cpu_, vm_), registers_.cr3, registers_, cpu_, rules_);
  tag_ = {registers_.pcid(), vm_.id, 0, regime_linear};
  second_stage_tag_ = {};
  if (vm_.paging == Paging::none) return;
  tag_.regime = second_stage_tag_.regime = regime_second_stage;
  if (vm_.paging == Paging::ept) {
    // Guest-physical mappings belong to the EPT root alone (SDM 30.4.1) ...
    ept_ = EptFormat(Eptp{vm_.eptp}, vm_.mode_based_execute, cpu_);
    tag_.root = second_stage_tag_.root = ids_->id_of(Eptp{vm_.eptp});
  } else {
    // ... AMD's NPT translations to the ASID.
    npt_ = NptFormat(vm_.host.paging_kind(), true, vm_.ncr3, vm_.host, cpu_, AccessRules::npt());
    second_stage_tag_.vm = vm_.id;
  }
}

bool Engine::serves(std::uint64_t attributes, const Access& access) const {
  return attributes_serve(attributes, access, rules_);
}

std::vector<Invalidation> Engine::dropped_by_fault(const Fault& fault, Va va) const {
  return fault.stage == 2 ? ept_violation_invalidation(fault.ipa, va, tag_)
                          : page_fault_invalidation(va, tag_);
}

WalkShape Engine::shape() const {
  WalkShape shape;
  if (registers_.paging()) shape.stage1_levels = guest_.geometry().tables;
  if (vm_.paging == Paging::ept)
    shape.stage2_levels = static_cast<std::uint8_t>(ept_.root_height() + 1);
  if (vm_.paging == Paging::npt) shape.stage2_levels = npt_.geometry().tables;
  return shape;
}

std::string Engine::level_name(unsigned stage, int height) const {
  const std::string_view entry = entry_name(height);
  if (stage == 1) return std::string(entry);
  return fmt::format("{} {}", vm_.paging == Paging::ept ? "EPT" : "NPT", entry);
}

Syndrome Engine::syndrome(const Fault& fault, Va va, const Access& access) const {
  return x86::syndrome(fault, va, access, registers_, vm_);
}

std::string Engine::describe(const Fault& fault, Va va, const Access& access) const {
  return syndrome(fault, va, access).text();
}

void Engine::set_space_root(std::uint16_t space, std::uint64_t root) {
  NW_CHECK(!registers_.pcide() || space < 4096, "space {} has no PCID", space);
  roots_[space] = root;
}

void Engine::enter_space(std::uint16_t space) {
  const auto root = roots_.find(space);
  NW_CHECK(root != roots_.end(), "space {} has no tables", space);
  const std::uint64_t cr3 = root->second | (registers_.pcide() ? one(63) | space : 0u);
  RegisterWrite write = write_cr3(registers_, cr3, cpu_, vm_);
  NW_CHECK(!write.general_protection, "root {:#x} of space {} does not fit CR3", root->second,
           space);
  due_.insert(due_.end(), write.invalidations.begin(), write.invalidations.end());
  pdptes_due_ = write.loads_pdptes;
  registers_ = write.after;
  refresh();
}

std::vector<Invalidation> Engine::take_invalidations() { return std::exchange(due_, {}); }

}  // namespace nestwalk::x86
