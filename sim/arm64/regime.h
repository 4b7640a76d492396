// Translation regimes: which registers govern a translation in the current state, decoded once
// when they change (Arm ARM D8.1.2; ASL TranslationRegime, GetS1TTWParams, GetS2TTWParams).
#pragma once
#include <array>
#include <cstdint>

#include "arm64/features.h"
#include "arm64/registers.h"
#include "arm64/stage1_format.h"
#include "arm64/stage2_format.h"
#include "common/tlb/tag.h"

namespace nestwalk::arm64 {

enum class Regime : std::uint8_t { el1_0, el2, el2_0 };  // EL1&0, EL2, EL2&0 (VHE)

// Which regime an exception level uses.
Regime regime_of(std::uint8_t el, const Registers&, const Features&);

// How cached entries are tagged: space = ASID, vm = VMID (EL1&0 only), regime = Regime, root = 1
// for entries made while stage 1 was off, which never serve once it is on. Every invalidation takes
// both.
inline constexpr std::uint16_t stage1_off_root = 1;
std::uint16_t current_vmid(const Registers&, const Features&);
std::uint16_t current_asid(Regime, const Registers&, const Features&);

// Everything that a walk needs, decoded from the registers.
struct TranslationState {
  Regime regime = Regime::el1_0;
  Tag tag{}, stage2_tag{};
  bool stage1_on = false, stage2_on = false;
  bool two_halves = true;              // a second TTBR for the upper half
  std::array<Stage1Format, 2> halves;  // by address bit 55 where there are two
  Stage2Format stage2;
  std::array<bool, 2> tbi = {};  // top byte ignored, by half; for fetches only without TBID
  std::array<bool, 2> tbi_fetch = {};
  std::uint8_t pa_bits = 48;       // PAMax: input limit while stage 1 is off
  bool default_cacheable = false;  // HCR_EL2.DC: Normal memory while stage 1 is off

  unsigned half_of(Va va) const { return two_halves && bit(va.value, 55) ? 1 : 0; }
  // The address without an ignored top byte: what tables and TLBs see.
  Va canonical(Va va, AccessType type) const {
    const unsigned half = half_of(va);
    if (!(type == AccessType::fetch ? tbi_fetch : tbi)[half]) return va;
    return Va{half ? va.value | field_mask(63, 56) : va.value & low_mask(56)};
  }
};

TranslationState decode_state(const Registers&, const ProcessorState&, const Features&,
                              const Knobs&, const Departures& = {});

// Whether an access is judged as unprivileged. `unprivileged` asks for EL0, or for LDTR and STTR,
// which UAO turns into privileged ones, and which EL2 knows only under {E2H, TGE} = {1, 1}.
bool judged_unprivileged(bool unprivileged, const Registers&, const ProcessorState&,
                         const Features&);

}  // namespace nestwalk::arm64
