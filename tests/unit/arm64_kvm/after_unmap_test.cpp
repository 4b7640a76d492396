// What Linux executes after it has unmapped a block, by the block's size and the processor's
// features.
#include <doctest/doctest.h>

#include "arm64/kvm/arm64_architecture.h"
#include "common/base/bits.h"
#include "common/tlb/tlb.h"

using namespace nestwalk;
using namespace nestwalk::arm64;

namespace {

constexpr Tag space_7{7, 1, 0, 0};

// How many 2^leaf_lg2 pieces of the block, and of its two neighbours, survive in a TLB.
struct Survivors {
  unsigned inside = 0, beside = 0;
};
Survivors survivors(const FlushSequence& sequence, const UnmappedBlock& block) {
  Tlb tlb({{{block.leaf_lg2}, {1024, 0}}}, 1);
  const std::uint64_t bytes = one(block.size_lg2), step = one(block.leaf_lg2);
  const auto entry = [&](std::uint64_t at) {
    TlbEntry made;
    made.page = Va{at};
    made.tag = space_7;
    made.size_lg2 = block.leaf_lg2;
    return made;
  };
  for (std::uint64_t at = block.base.value - step; at <= block.base.value + bytes; at += step)
    tlb.fill(entry(at), Va{at});
  for (const Invalidation& what : sequence.what) tlb.invalidate(what);
  Survivors left;
  tlb.for_each([&](const TlbEntry& kept) {
    const bool inside = kept.page.value - block.base.value < bytes;
    ++(inside ? left.inside : left.beside);
  });
  return left;
}

}  // namespace

TEST_CASE("one leaf: one VAE1IS; a row of leaves: one range form, or VAE1IS for each") {
  struct Row {
    Granule granule;
    UnmappedBlock block;
    unsigned without_ranges;  // instructions
  };
  const Row rows[] = {
      {Granule::k4, {Va{0x1234'5000}, 12, 12}, 1},    {Granule::k4, {Va{0x1240'0000}, 21, 21}, 1},
      {Granule::k4, {Va{0x1234'0000}, 14, 12}, 4},    {Granule::k4, {Va{0x1234'0000}, 16, 12}, 16},
      {Granule::k4, {Va{0x1230'0000}, 20, 12}, 256},  {Granule::k4, {Va{0x1200'0000}, 25, 21}, 16},
      {Granule::k16, {Va{0x1220'0000}, 21, 14}, 128}, {Granule::k16, {Va{0x4000'0000}, 30, 25}, 32},
      {Granule::k64, {Va{0x1220'0000}, 21, 16}, 32},  {Granule::k64, {Va{one(34)}, 34, 29}, 32},
  };
  for (const Row& row : rows) {
    CAPTURE(row.block.size_lg2);
    for (const bool ranges : {true, false}) {
      CAPTURE(ranges);
      TranslationSpec spec;
      spec.stage1->granule = spec.stage2->granule = row.granule;
      spec.features.tlb_range = ranges;
      const FlushSequence sequence =
          Arm64Architecture(spec).after_unmap(UnmapInvalidation::address, space_7, row.block);
      CHECK(sequence.instructions == (ranges ? 1 : row.without_ranges));
      const Survivors left = survivors(sequence, row.block);
      CHECK(left.inside == 0);
      CHECK(left.beside == 2);
    }
  }
}

TEST_CASE("what covers more than the block is one instruction, whatever the block") {
  const Arm64Architecture architecture{TranslationSpec{}};
  const UnmappedBlock block{Va{0x1230'0000}, 20, 12};
  for (const UnmapInvalidation kind :
       {UnmapInvalidation::space, UnmapInvalidation::vm, UnmapInvalidation::all}) {
    const FlushSequence sequence = architecture.after_unmap(kind, space_7, block);
    CHECK(sequence.instructions == 1);
    CHECK(survivors(sequence, block).inside == 0);
  }
}
