// Between choosing memory for a fault and entering it into the tables, software may be overtaken by
// another vCPU's fault in the same block. The placer keeps what is placed but not mapped yet, so
// that both find the same page and one of them enters it. A block may also be entered part by part,
// as each is touched: KVM enters one table entry per fault, however large the host's page is.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/mapping/mapping_policy.h"

namespace nestwalk {

struct PlacedPage {
  std::uint64_t base = 0;  // of what this fault maps, in the input space
  Placement page{};
  // lg2 bytes of the block that was taken for this fault and has to be zeroed by its handler; 0:
  // none was taken.
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
  // How much of a block of this size one fault enters into the tables; both lg2 bytes.
  using Part = std::function<unsigned(unsigned block_lg2)>;
  static unsigned all_of_it(unsigned block_lg2) { return block_lg2; }

  PagePlacer(MappingPolicy& policy, FrameAllocator& frames, Part part = all_of_it)
      : policy_(policy), frames_(frames), part_(std::move(part)) {}

  // Memory for a fault at an address that is not mapped; nothing: out of memory.
  std::optional<PlacedPage> place(FaultPlace place);
  // Whether the page still has to be entered into the tables. If not, another fault has done so
  // since it was placed; by now it may even be unmapped again and its memory be another's.
  bool pending(const PlacedPage& placed) const;
  // Whether some page around `address` is placed and not entered yet, or being entered.
  bool pending(std::uint64_t address) const;
  // The page, which was pending, has been entered into the tables.
  void settled(const PlacedPage& placed, MappingCounts& counts);
  // Of blocks that are entered in part: what has been taken, but is in no table yet.
  std::uint64_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct Block {
    Placement page{};
    std::uint64_t waiting_bytes = 0;
  };
  using Blocks = std::map<std::uint64_t, Block>;  // by base
  // The block around `address` that has parts left to enter, if any.
  Blocks::iterator block_around(std::uint64_t address);
  // The part of a block around `address`, on its way into the tables from now on.
  const PlacedPage& enter(std::uint64_t address, const Placement& block, unsigned fresh_lg2);

  MappingPolicy& policy_;
  FrameAllocator& frames_;
  Part part_;
  std::vector<PlacedPage> in_flight_;  // no two overlap
  Blocks blocks_;                      // those with parts left to enter
  std::uint64_t waiting_bytes_ = 0;
};

}  // namespace nestwalk
