// The matrix of spec 2.2: stage-1 tables by granule and width, stage-2 tables by granule and start
// level, and a translation spec for any pair.
#pragma once
#include "arm64/translation_spec.h"

namespace nestwalk::arm64::test {

struct Stage1Row {
  Granule granule;
  unsigned va_bits, levels;
};
struct Stage2Row {
  Granule granule;
  int start_level;
  unsigned ipa_bits, levels;
};
inline constexpr Stage1Row stage1_rows[] = {
    {Granule::k4, 39, 3},  {Granule::k4, 48, 4},  {Granule::k4, 52, 5},
    {Granule::k16, 36, 2}, {Granule::k16, 47, 3}, {Granule::k16, 48, 4},
    {Granule::k64, 42, 2}, {Granule::k64, 48, 3}, {Granule::k64, 52, 3},
};
// Also the starts at level 3 that FEAT_TTST adds.
inline constexpr Stage2Row stage2_rows[] = {
    {Granule::k4, 3, 25, 1},  {Granule::k4, 2, 34, 2},  {Granule::k4, 1, 40, 3},
    {Granule::k4, 0, 48, 4},  {Granule::k4, -1, 52, 5}, {Granule::k16, 3, 29, 1},
    {Granule::k16, 2, 40, 2}, {Granule::k16, 1, 48, 3}, {Granule::k16, 0, 52, 4},
    {Granule::k64, 3, 33, 1}, {Granule::k64, 2, 42, 2}, {Granule::k64, 1, 48, 3},
};

// Null: without that stage.
inline TranslationSpec spec_of(const Stage1Row* s1, const Stage2Row* s2) {
  TranslationSpec spec;
  spec.features = Features::all();
  spec.stage1.reset();
  spec.stage2.reset();
  if (s1) {
    spec.stage1.emplace();
    spec.stage1->granule = s1->granule;
    spec.stage1->va_bits = s1->va_bits;
  }
  if (s2) {
    spec.stage2.emplace();
    spec.stage2->granule = s2->granule;
    spec.stage2->ipa_bits = s2->ipa_bits;
    spec.stage2->start_level = s2->start_level;
  }
  return spec;
}

}  // namespace nestwalk::arm64::test
