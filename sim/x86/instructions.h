// The instructions of x86 that change translation, as privileged software executes them on the vCPU
// that it runs on (common/cpu/processor.h). What they check, change and invalidate is
// control_registers.h and tlb_instructions.h; what they cost is the business of the caller.
#pragma once
#include <cstdint>

#include "common/cpu/processor.h"
#include "x86/engine.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86 {

// The hardware of a vCPU that an x86 architecture has made.
const Engine& engine_of(const Processor& processor);

LoadOutcome move_to_cr0(Processor& processor, std::uint64_t value);
LoadOutcome move_to_cr3(Processor& processor, std::uint64_t value);
LoadOutcome move_to_cr4(Processor& processor, std::uint64_t value);
// WRMSR to IA32_EFER. False: #GP, nothing has changed.
bool write_efer(Processor& processor, std::uint64_t value);
// WRPKRU; WRMSR to IA32_PKRS; STAC and CLAC.
void write_pkru(Processor& processor, std::uint32_t value);
void write_pkrs(Processor& processor, std::uint32_t value);
void set_alignment_check(Processor& processor, bool set);

TlbInstruction::Result invlpg(Processor& processor, Va va);
TlbInstruction::Result invpcid(Processor& processor, std::uint64_t type,
                               const Descriptor& descriptor);

}  // namespace nestwalk::x86
