// Why a translation did not give an address. A value, never an exception: a guest's fault is
// ordinary. Architectures turn it into their syndromes (#PF code, ESR, exit qualification).
#pragma once
#include <cstdint>

#include "common/base/address.h"

namespace nestwalk {

enum class FaultCause : std::uint8_t {
  none,
  not_present,   // Arm: Translation fault; x86: P = 0, EPT violation
  malformed,     // x86: reserved bits, EPT misconfiguration
  address_size,  // Arm: output beyond IPS/PS
  access_flag,   // Arm: AF = 0 and no hardware update
  permission,
  bus_error,      // nothing answers at the entry's physical address
  non_canonical,  // x86: #GP before any walk
  conflict,       // Arm: unsupported update, TLB conflict
  alignment,      // Arm: unaligned access to Device memory
};

struct Fault {
  FaultCause cause = FaultCause::none;
  std::uint8_t stage = 0;  // 1 or 2: whose table denied it
  // Height of the table (0 = last level) at which the walk ended; the root's when nothing was read.
  std::int8_t height = 0;
  bool before_walk = false;  // the controls or the input address were refused; nothing was read
  // Stage 2 only: the access was to a stage-1 entry (Arm S1PTW, x86 bit 33 / qualification bit 8).
  bool on_table_walk = false;
  bool wanted_write = false;  // the denied stage's access was a write (also: an A/D update)
  std::uint32_t detail = 0;   // architecture's own: e.g. protection-key violation, rights found
  Ipa ipa{};                  // stage 2: the address it was asked to translate

  explicit operator bool() const { return cause != FaultCause::none; }
};

}  // namespace nestwalk
