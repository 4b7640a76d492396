#include "arm64/scenario/arm64_dialect.h"

#include "arm64/engine.h"
#include "arm64/kvm/abort_answer.h"
#include "common/paging/entry_address.h"

namespace nestwalk::arm64 {

using scenario::Act;
using scenario::Answer;
using scenario::Exit;
using scenario::FaultFacts;
using scenario::Leaf;
using scenario::Stage;

namespace {

const Engine& arm64_engine(const TranslationEngine& engine) {
  return static_cast<const Engine&>(engine);  // Arm64Architecture makes no others
}

Syndrome syndrome_of(const Exit& exit) {
  return arm64_engine(exit.engine).syndrome(exit.fault, exit.va, exit.access);
}

bool is_instruction_abort(const Syndrome& syndrome) { return syndrome.ec() >> 1 == 0x20 >> 1; }

AbortStatus status_of(FaultCause cause) {
  if (cause == FaultCause::permission) return AbortStatus::permission;
  return cause == FaultCause::access_flag ? AbortStatus::access_flag : AbortStatus::translation;
}

Answer put(const Stage2Answer& answer, const HostPage& page, const Slot& slot) {
  return {.act = Act::map,
          .leaf = {answer.base, answer.frame, answer.size_lg2, answer.writable, answer.executable,
                   page.writable && !slot.read_only},
          .marks_dirty = answer.marks_dirty};
}

}  // namespace

FaultFacts Arm64Dialect::facts(const Exit& exit) const {
  const Syndrome found = syndrome_of(exit);
  return {is_instruction_abort(found) ? "instruction_abort" : "data_abort", found.esr,
          exit.fault.stage == 2 ? exit.fault.ipa.value : 0};
}

// kvm_handle_guest_abort, in the order of abort_answer.h.
Answer Arm64Dialect::answer(const Exit& exit, HostVm& vm, const Leaf* found) const {
  const Syndrome syndrome = syndrome_of(exit);
  const Stage2Abort abort{.ipa = exit.fault.ipa,
                          .status = status_of(exit.fault.cause),
                          .granule_lg2 = static_cast<std::uint8_t>(found ? found->size_lg2 : 12),
                          .instruction = is_instruction_abort(syndrome),
                          .write = !is_instruction_abort(syndrome) && syndrome.wnr(),
                          .on_table_walk = syndrome.s1ptw()};
  const Slot* slot = vm.slots.find(abort.ipa);
  switch (abort_route(abort, slot)) {
    case AbortRoute::mmio:
      return {.act = Act::mmio};
    case AbortRoute::external_abort:
      return {.act = Act::external_abort};
    case AbortRoute::skip:
      return {.act = Act::skip};
    case AbortRoute::make_young:  // entries are made with the flag set, and nothing clears it
      return {.act = Act::refuse};
    case AbortRoute::map:
      break;
  }
  const Touched touched = vm.backing.touch(slot->hva_of(abort.ipa), abort.is_write());
  if (!touched) return {.act = Act::refuse};
  const Stage2Answer answer = page_answer(abort, *slot, {.page = touched.page}, {});
  switch (answer.act) {
    case Stage2Act::map:
    case Stage2Act::relax:
      return put(answer, touched.page, *slot);
    case Stage2Act::retry:
      return {.act = Act::retry};
    case Stage2Act::refuse:
      break;
  }
  return {.act = Act::refuse};
}

std::optional<std::uint64_t> Arm64Dialect::entry_address(Stage stage,
                                                         const TranslationEngine& engine,
                                                         std::uint64_t root, std::uint64_t in,
                                                         int height, TableIo& io) const {
  const TranslationState& state = arm64_engine(engine).state();
  if (stage == Stage::guest) return nestwalk::entry_address(state.halves[0], root, in, height, io);
  return nestwalk::entry_address(state.stage2, root, in, height, io);
}

}  // namespace nestwalk::arm64
