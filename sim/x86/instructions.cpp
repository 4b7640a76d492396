#include "x86/instructions.h"

#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/check.h"

namespace nestwalk::x86 {
namespace {

template <class Other>
auto& x86_engine(Other& other) {
  using Wanted = std::conditional_t<std::is_const_v<Other>, const Engine, Engine>;
  auto* engine = dynamic_cast<Wanted*>(&other);
  NW_CHECK(engine, "an x86 instruction on a vCPU of another architecture");
  return *engine;
}

// `change(engine, caches, port)` gives the invalidations.
template <class Change>
void execute(Processor& processor, Change change) {
  processor.execute([&change](TranslationEngine& engine, WalkCaches& caches, WalkPort& port) {
    return change(x86_engine(engine), caches, port);
  });
}

using Load = LoadOutcome (Engine::*)(std::uint64_t, WalkCaches&, WalkPort&);
LoadOutcome load(Processor& processor, Load move, std::uint64_t value) {
  LoadOutcome outcome;
  execute(processor, [&](Engine& engine, WalkCaches& caches, WalkPort& port) {
    outcome = (engine.*move)(value, caches, port);
    return outcome.invalidations;
  });
  return outcome;
}

// Writes a register that nothing cached depends on.
template <class Edit>
void edit_registers(Processor& processor, Edit edit) {
  execute(processor, [&](Engine& engine, WalkCaches&, WalkPort&) {
    Registers registers = engine.registers();
    edit(registers);
    engine.set_registers(registers);
    return std::vector<Invalidation>{};
  });
}

template <class Make>
TlbInstruction::Result invalidate(Processor& processor, Make make) {
  TlbInstruction instruction;
  execute(processor, [&](Engine& engine, WalkCaches&, WalkPort&) {
    instruction = make(engine);
    return std::move(instruction.invalidations);
  });
  return instruction.result;
}

}  // namespace

const Engine& engine_of(const Processor& processor) { return x86_engine(processor.engine()); }

LoadOutcome move_to_cr0(Processor& processor, std::uint64_t value) {
  return load(processor, &Engine::move_to_cr0, value);
}
LoadOutcome move_to_cr3(Processor& processor, std::uint64_t value) {
  return load(processor, &Engine::move_to_cr3, value);
}
LoadOutcome move_to_cr4(Processor& processor, std::uint64_t value) {
  return load(processor, &Engine::move_to_cr4, value);
}

bool write_efer(Processor& processor, std::uint64_t value) {
  bool refused = false;
  execute(processor, [&](Engine& engine, WalkCaches&, WalkPort&) {
    const RegisterWrite write = write_efer(engine.registers(), value);
    refused = write.general_protection;
    if (!refused) engine.set_registers(write.after);
    return write.invalidations;
  });
  return !refused;
}

void write_pkru(Processor& processor, std::uint32_t value) {
  edit_registers(processor, [value](Registers& registers) { registers.pkru = value; });
}
void write_pkrs(Processor& processor, std::uint32_t value) {
  edit_registers(processor, [value](Registers& registers) { registers.pkrs = value; });
}
void set_alignment_check(Processor& processor, bool set) {
  edit_registers(processor, [set](Registers& registers) {
    registers.rflags = (registers.rflags & ~one(rflags_ac)) | (set ? one(rflags_ac) : 0);
  });
}

TlbInstruction::Result invlpg(Processor& processor, Va va) {
  return invalidate(processor, [va](const Engine& engine) {
    return invlpg(va, engine.registers(), engine.vm(), engine.cpu());
  });
}

TlbInstruction::Result invpcid(Processor& processor, std::uint64_t type,
                               const Descriptor& descriptor) {
  return invalidate(processor, [&](const Engine& engine) {
    return invpcid(type, descriptor, engine.registers(), engine.vm());
  });
}

}  // namespace nestwalk::x86
