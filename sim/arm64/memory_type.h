// Memory attributes: type, cacheability, shareability; of stage 1 (MAIR_ELx), of stage 2 (MemAttr,
// with and without HCR_EL2.FWB), of both combined, and as PAR_EL1 shows them (Arm ARM D8.6,
// D24.2.122; ASL S2CombineS1MemAttrs, S2ApplyFWBMemAttrs, EffectiveShareability,
// PAREncodeShareability). Left out: XS, tagged memory.
#pragma once
#include <cstdint>

namespace nestwalk::arm64 {

// In the order of D[3:2] of a stage-2 leaf: the stricter first.
enum class Device : std::uint8_t { nGnRnE, nGnRE, nGRE, GRE };
// In order of strength, as D[3:2] and D[5:4] of a stage-2 leaf have it, less one.
enum class Cacheability : std::uint8_t { non_cacheable, write_through, write_back };
// As SH encodes them; 1 is reserved.
enum class Shareability : std::uint8_t { none = 0, outer = 2, inner = 3 };

// How a Normal location is cached at one level of caches. Hints: allocation [read, write].
struct Caching {
  Cacheability policy = Cacheability::non_cacheable;
  std::uint8_t hints = 0;
  bool transient = false;
  bool operator==(const Caching&) const = default;
};

struct MemoryType {
  bool is_device = false;
  Device device = Device::nGnRnE;
  Caching outer{}, inner{};
  Shareability shareability = Shareability::outer;
  bool operator==(const MemoryType&) const = default;
};

// One byte of MAIR_ELx, with the descriptor's (or TCR's) SH. `cacheable`: SCTLR_ELx.C.
MemoryType stage1_memory(std::uint8_t attribute, unsigned sh, bool cacheable);
// What data accesses have while stage 1 is off: Device-nGnRnE, or with HCR_EL2.DC Normal,
// Write-Back, Non-shareable.
MemoryType stage1_off_memory(bool default_cacheable);

struct Stage2Memory {
  unsigned mem_attr = 0;        // D[5:2]
  unsigned sh = 0;              // D[9:8], or VTCR_EL2.SH0 with DS
  bool forced = false;          // HCR_EL2.FWB
  bool cache_disabled = false;  // HCR_EL2.CD
};
// Both stages: the weaker of the two, or what stage 2 forces.
MemoryType combined_memory(const MemoryType& stage1, const Stage2Memory& stage2);

// PAR_EL1 after a successful translation: ATTR in [63:56], SH in [8:7].
std::uint64_t par_attributes(const MemoryType& memory);

}  // namespace nestwalk::arm64
