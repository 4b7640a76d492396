#include "x86/scenario/x86_dialect.h"

#include "common/paging/entry_address.h"
#include "x86/engine.h"

namespace nestwalk::x86 {

using scenario::Act;
using scenario::Answer;
using scenario::Exit;
using scenario::FaultFacts;
using scenario::Leaf;
using scenario::Stage;

namespace {

const Engine& x86_engine(const TranslationEngine& engine) {
  return static_cast<const Engine&>(engine);  // X86Architecture makes no others
}

std::string_view reason_of(Syndrome::Kind kind) {
  switch (kind) {
    case Syndrome::Kind::none:
      return "none";
    case Syndrome::Kind::general_protection:
      return "general_protection";
    case Syndrome::Kind::page_fault:
      return "page_fault";
    case Syndrome::Kind::ept_violation:
      return "ept_violation";
    case Syndrome::Kind::ept_misconfiguration:
      return "ept_misconfiguration";
    case Syndrome::Kind::nested_page_fault:
      return "nested_page_fault";
    case Syndrome::Kind::machine_check:
      return "machine_check";
  }
  return "";
}

TdpEntry entry_of(const Leaf* leaf) {
  TdpEntry entry;
  if (!leaf) return entry;
  entry.kind = TdpEntry::Kind::page;
  entry.frame = leaf->frame;
  entry.size_lg2 = leaf->size_lg2;
  entry.writable = entry.dirty = leaf->writable;
  entry.executable = leaf->executable;
  entry.accessed = true;
  entry.host_writable = entry.mmu_writable = leaf->may_be_writable;
  return entry;
}

Answer answer_of(const TdpAnswer& answer) {
  switch (answer.act) {
    case TdpAct::map:
    case TdpAct::fix:
      return {.act = Act::map,
              .leaf = {answer.base, answer.entry.frame, answer.entry.size_lg2,
                       answer.entry.writable, answer.entry.executable, answer.entry.mmu_writable},
              .marks_dirty = answer.marks_dirty};
    case TdpAct::spurious:
      return {.act = Act::spurious};
    case TdpAct::retry:
      return {.act = Act::retry};
    case TdpAct::emulate:
    case TdpAct::cache_and_emulate:
      break;
  }
  return {.act = Act::mmio};
}

}  // namespace

FaultFacts X86Dialect::facts(const Exit& exit) const {
  const Syndrome found = x86_engine(exit.engine).syndrome(exit.fault, exit.va, exit.access);
  return {std::string(reason_of(found.kind)), found.code,
          exit.fault.stage == 2 ? found.guest_physical.value : 0};
}

// kvm_mmu_do_page_fault: in the order of tdp_answer.h.
Answer X86Dialect::answer(const Exit& exit, HostVm& vm, const Leaf* leaf) const {
  const Fault& fault = exit.fault;
  const TdpViolation violation{
      .gpa = fault.ipa,
      .write = fault.wanted_write,
      .fetch = exit.access.type == AccessType::fetch && !fault.on_table_walk,
      .present = fault.cause != FaultCause::not_present,
      .reserved = fault.cause == FaultCause::malformed};
  // No MMIO entry is ever made: a reserved bit is the work of somebody else (KVM_EXIT_INTERNAL).
  if (violation.reserved) return {.act = Act::refuse};
  const TdpEntry found = entry_of(leaf);
  const Slot* slot = vm.slots.find(violation.gpa);
  if (const auto answer = fast_answer(violation, found, slot)) return answer_of(*answer);
  if (const auto answer = slot_answer(violation, slot, vm.slots.generation(), traits_))
    return answer_of(*answer);
  const bool for_writing = violation.write && !slot->read_only;
  const Touched touched = vm.backing.touch(slot->hva_of(violation.gpa), for_writing);
  if (!touched) return {.act = Act::refuse};
  return answer_of(page_answer(violation, *slot, {.page = touched.page}, found, traits_));
}

std::optional<std::uint64_t> X86Dialect::entry_address(Stage stage, const TranslationEngine& engine,
                                                       std::uint64_t root, std::uint64_t in,
                                                       int height, TableIo& io) const {
  const Engine& hardware = x86_engine(engine);
  if (stage == Stage::guest)
    return nestwalk::entry_address(hardware.guest_format(), root, in, height, io);
  if (hardware.vm().paging == VirtualMachine::Paging::npt)
    return nestwalk::entry_address(hardware.npt_format(), root, in, height, io);
  return nestwalk::entry_address(hardware.ept_format(), root, in, height, io);
}

}  // namespace nestwalk::x86
