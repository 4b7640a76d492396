// A page-walk cache for one stage: for each height an array from "address prefix" to "the table of
// that height", so that a walk can begin below the root (x86: PML4/PDPTE/PDE caches, SDM 4.10.3;
// Arm: walk caches). Holds the rights gathered above the table and, if the table's own physical
// address is known from the second stage, that too.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/tlb/assoc_array.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tag.h"

namespace nestwalk {

struct WalkCacheLevelSpec {
  std::uint8_t height = 0;  // of the tables it gives: 0 = last-level tables
  ArraySpec array;
};

class WalkCache {
 public:
  struct Payload {
    std::uint64_t table = 0;                // address of the table, in the stage's output space
    std::uint64_t path = 0;                 // the format's rights, as bits
    std::optional<std::uint64_t> resolved;  // physical address of the table, if known
  };

  WalkCache(const std::vector<WalkCacheLevelSpec>& levels, std::uint64_t seed);

  // The table of `height` on the path of `input`; `span_lg2`: lg2 bytes that such a table covers.
  const Payload* lookup(std::uint8_t height, std::uint64_t input, unsigned span_lg2, Tag tag);
  void fill(std::uint8_t height, std::uint64_t input, unsigned span_lg2, Tag tag,
            const Payload& payload);
  // Heights that have an array, ascending.
  const std::vector<std::uint8_t>& heights() const { return heights_; }

  std::size_t invalidate(const Invalidation& what, Invalidation::Walks scope,
                         const std::optional<AddressRange>& range);
  std::size_t occupied() const;

 private:
  struct Slot {
    std::uint64_t input_base = 0;
    std::uint8_t span_lg2 = 0;
    Payload payload;
  };
  struct Level {
    AssocArray array;
    std::vector<Slot> slots;
  };
  Level* level_of(std::uint8_t height);

  std::vector<std::uint8_t> heights_;
  std::vector<Level> levels_;
};

}  // namespace nestwalk
