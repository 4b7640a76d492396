#include "x86/implicit_invalidation.h"

#include "x86/scopes.h"

namespace nestwalk::x86 {
namespace {

using Walks = Invalidation::Walks;

// Guest-physical mappings and stage-2 entries too.
Invalidation with_second_stage(Invalidation what) {
  what.second_stage = true;
  what.stage2_walks = Walks::all;
  return what;
}

}  // namespace

std::vector<Invalidation> vm_transition(bool vpid_enabled) {
  if (vpid_enabled) return {};
  return {all_of_vm(0)};
}

std::vector<Invalidation> page_fault_invalidation(Va va, Tag tag) {
  Invalidation what = all_of_pcid(tag.vm, tag.space);
  what.va = only(va.value);
  what.stage1_walks = Walks::path;
  return {what};
}

std::vector<Invalidation> ept_violation_invalidation(Ipa ipa, Va va, Tag tag) {
  Invalidation guest_physical;
  guest_physical.second_stage = true;
  guest_physical.stage2_walks = Walks::path;
  guest_physical.root = tag.root;
  guest_physical.regime = tag.regime;
  guest_physical.ipa = only(ipa.value);

  Invalidation combined = all_of_pcid(tag.vm, tag.space);
  combined.root = tag.root;
  combined.regime = tag.regime;
  combined.va = only(va.value);
  combined.stage1_walks = Walks::path;
  return {guest_physical, combined};
}

std::vector<Invalidation> vmrun_invalidation(TlbControl control, std::uint16_t asid) {
  switch (control) {
    case TlbControl::none:
      return {};
    case TlbControl::all_asids: {
      Invalidation what = with_second_stage(all_of_vm(0));
      what.vm.reset();
      return {what};
    }
    case TlbControl::this_asid:
      return {with_second_stage(all_of_vm(asid))};
    case TlbControl::this_asid_non_global:
      return {with_second_stage(non_global_of_vm(asid))};
  }
  return {};
}

}  // namespace nestwalk::x86
