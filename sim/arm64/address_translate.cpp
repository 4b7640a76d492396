#include "arm64/address_translate.h"

#include "common/base/check.h"

namespace nestwalk::arm64 {
namespace {

// Fields of PAR_EL1; bit 11 is RES1.
constexpr std::uint64_t par_failed = 1, par_walk = 1 << 8, par_stage2 = 1 << 9, par_res1 = 1 << 11;

}  // namespace

AtResult address_translate(const Engine& engine, const AtOperation& op, Va va, WalkCaches& caches,
                           WalkPort& port) {
  NW_CHECK(!op.with_pan || engine.features().pan >= 2, "AT S1E1RP and S1E1WP need FEAT_PAN2");
  const ProcessorState as{.el = op.el, .pan = op.with_pan && engine.processor_state().pan};
  Engine other(engine.features(), engine.knobs(), engine.registers(), as, engine.departures());
  Access access;
  access.type = op.write ? AccessType::write : AccessType::read;
  access.user = op.el == 0;
  const WalkReply reply = other.walk_for(Operation::at, va, access, caches, port, !op.both_stages);
  if (!reply.fault)
    return {(reply.entry.attributes & attribute_memory) | (reply.pa.value & field_mask(51, 12)) |
                par_res1,
            {}};

  Instruction instruction;
  instruction.operation = Operation::at;
  const Fault& fault = reply.fault;
  const Syndrome syndrome = other.syndrome(fault, va, access, instruction);
  if (fault.stage == 2 && fault.on_table_walk && engine.processor_state().el < 2)
    return {0, syndrome};
  std::uint64_t par = par_failed | std::uint64_t{syndrome.fsc()} << 1 | par_res1;
  if (fault.stage == 2) par |= par_stage2;
  if (fault.on_table_walk) par |= par_walk;
  return {par, {}};
}

}  // namespace nestwalk::arm64
