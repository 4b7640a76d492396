// AT instructions: a translation whose result goes to PAR_EL1 (Arm ARM C5.4, D24.2.122). Left out:
// S1E3*, S1E1A.
#pragma once
#include <cstdint>
#include <optional>

#include "arm64/engine.h"

namespace nestwalk::arm64 {

struct AtOperation {
  bool both_stages = false;  // S12E*: else stage 1 alone
  std::uint8_t el = 1;       // whose translation: 0, 1 or 2
  bool write = false;
  bool with_pan = false;  // S1E1RP, S1E1WP (FEAT_PAN2): as PSTATE.PAN says now
};

struct AtResult {
  std::uint64_t par = 0;              // PAR_EL1, if there was no exception
  std::optional<Syndrome> exception;  // a stage-2 fault on a table walk, asked for at EL1
};

// Executed at the engine's current exception level.
AtResult address_translate(const Engine& engine, const AtOperation& op, Va va, WalkCaches& caches,
                           WalkPort& port);

}  // namespace nestwalk::arm64
