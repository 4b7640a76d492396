// A fault as software sees it: ESR_ELx, FAR_ELx, HPFAR_EL2 and the exception level that takes it
// (Arm ARM D24.2.40, D8.15; ASL EncodeLDFSC, FaultSyndrome, IPAValid). Left out: SError, VNCR, GPC.
#pragma once
#include <cstdint>
#include <string>

#include "arm64/operation.h"
#include "arm64/regime.h"
#include "common/base/address.h"
#include "common/paging/access.h"
#include "common/paging/fault.h"

namespace nestwalk::arm64 {

// What the syndrome tells of the instruction. `valid`: a load or store of one general register
// without writeback, whose ISS fields a stage-2 data abort reports (ISV).
struct Instruction {
  bool valid = false;
  std::uint8_t size_lg2 = 3;         // SAS
  bool sign_extend = false;          // SSE
  std::uint8_t register_number = 0;  // SRT
  bool sixty_four = true;            // SF
  bool acquire_release = false;      // AR
  Operation operation = Operation::plain;
};

struct Syndrome {
  std::uint8_t target_el = 1;
  std::uint32_t esr = 0;
  std::uint64_t far = 0;
  std::uint64_t hpfar = 0;
  bool hpfar_valid = false;

  unsigned ec() const { return esr >> 26; }
  unsigned fsc() const { return esr & 0x3f; }
  bool wnr() const { return esr >> 6 & 1; }
  bool s1ptw() const { return esr >> 7 & 1; }
};

// The six-bit fault status code. `level` is -1..3.
unsigned fault_status(FaultCause cause, int level, bool on_walk);
// The manual's level at which a fault is reported: 0 when nothing was read.
int reported_level(const Fault& fault);

Syndrome make_syndrome(const Fault& fault, Va va, const Access& access,
                       const Instruction& instruction, const Registers& regs,
                       const ProcessorState& now, Regime regime, const Knobs& knobs);

}  // namespace nestwalk::arm64
