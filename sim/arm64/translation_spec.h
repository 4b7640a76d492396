// What a machine model asks of an Arm processor and its tables, to be built (build.h): no register
// values, only choices. The engine runs EL1&0 (a guest, or a native system without stage 2).
#pragma once
#include <cstdint>
#include <optional>

#include "arm64/features.h"

namespace nestwalk::arm64 {

struct Stage1Spec {
  Granule granule = Granule::k4;
  unsigned va_bits = 48;  // lower half; more than 48 needs FEAT_LVA (64K) or FEAT_LPA2
  bool hardware_access_flag = false, hardware_dirty = false;
  bool contiguous = false;  // software marks whole runs of descriptors with the Contiguous bit
  bool top_byte_ignored = false;  // TBI of both halves
};

struct Stage2Spec {
  Granule granule = Granule::k4;
  unsigned ipa_bits = 40;
  // -1..3; nothing: as few levels as concatenated start tables allow, as KVM chooses.
  std::optional<int> start_level;
  bool hardware_access_flag = false, hardware_dirty = false;
  bool contiguous = false;
  std::uint16_t vmid = 1;
};

struct TranslationSpec {
  Features features;
  Knobs knobs;
  std::optional<Stage1Spec> stage1 = Stage1Spec{};
  std::optional<Stage2Spec> stage2 = Stage2Spec{};
};

}  // namespace nestwalk::arm64
