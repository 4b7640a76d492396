// What kind of instruction makes an access, where that changes how stages 1 and 2 judge it (Arm ARM
// D8.4, ASL S1CheckPermissions, S2CheckPermissions).
#pragma once
#include <cstdint>

namespace nestwalk::arm64 {

enum class Operation : std::uint8_t {
  plain,          // loads, stores, atomics, fetches
  unaligned,      // a load or store that is not aligned to its size
  dc_zva,         // a store of a block of zeros
  dc_clean,       // DC CVAC, CVAU, CIVAC
  dc_invalidate,  // DC IVAC
  ic,             // IC IVAU
  at,             // address translation: AT S1*, S12*
};

// Cache maintenance and address translation: ESR CM = 1, and no dirty state is set.
constexpr bool is_maintenance(Operation op) { return op >= Operation::dc_clean; }

}  // namespace nestwalk::arm64
