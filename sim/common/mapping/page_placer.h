// Between choosing memory for a fault and entering it into the tables, software may be overtaken by
// another vCPU's fault in the same block. The placer keeps what is placed but not mapped yet, so
// that both find the same page and one of them enters it.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/mapping/mapping_policy.h"

namespace nestwalk {

struct PlacedPage {
  std::uint64_t base = 0;  // of what this fault maps, in the input space
  Placement page{};
  // lg2 bytes of the memory that was taken for this fault and has to be zeroed by its handler; 0:
  // none was taken. May be more than this fault maps (the host's: one entry of a larger page).
  std::uint8_t fresh_lg2 = 0;
};

// What a side has mapped, for reports. Bytes and pages.
struct MappingCounts {
  std::uint64_t mapped_bytes = 0;
  std::uint64_t pages_by_lg2[64] = {};
  std::uint64_t fallbacks = 0;  // pages smaller than the policy wanted there
};

class PagePlacer {
 public:
  PagePlacer(MappingPolicy& policy, FrameAllocator& frames) : policy_(policy), frames_(frames) {}

  // Memory for a fault at an address that is not mapped; nothing: out of memory.
  std::optional<PlacedPage> place(FaultPlace place);
  // Whether the page still has to be entered into the tables. If not, another fault has done so
  // since it was placed; by now it may even be unmapped again and its memory be another's.
  bool pending(const PlacedPage& placed) const;
  // Whether some page around `address` is placed and not entered yet, or being entered.
  bool pending(std::uint64_t address) const;
  // The page, which was pending, has been entered into the tables.
  void settled(const PlacedPage& placed, MappingCounts& counts);

 private:
  MappingPolicy& policy_;
  FrameAllocator& frames_;
  std::vector<PlacedPage> in_flight_;  // no two overlap
};

}  // namespace nestwalk
