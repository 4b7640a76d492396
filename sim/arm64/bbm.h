// Break-before-make: which changes of a descriptor need its old translation to be gone from all
// TLBs first (Arm ARM D8.17.1, R_WHZWS, R_DDMVT), and a watch over the descriptors of one set of
// tables that reports changes made too early. Left out: a table descriptor that is made to point to
// another table (only the leaves below decide), and whether a DSB stood between.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "arm64/stage1_format.h"
#include "arm64/stage2_format.h"
#include "common/tlb/invalidation.h"

namespace nestwalk::arm64 {

enum class BbmRule : std::uint8_t {
  none,         // the change is legal in place
  memory_type,  // or cacheability
  shareability,
  output_address,
  block_size,      // table and block, or contiguous and not
  global_overlap,  // a global entry over one that was not
};
std::string_view name(BbmRule rule);

// What the watched tables are.
struct BbmTables {
  unsigned stage = 1;
  TableGeometry geometry;
  bool dirty_managed = false;  // HA and HD: DBM makes a leaf writable
  Tag tag{};                   // whose entries TLBs may hold
  std::uint8_t bbm_level = 0;

  static BbmTables of(const Stage1Format& format, Tag tag, const Features& features);
  static BbmTables of(const Stage2Format& format, Tag tag, const Features& features);
};

// The rule that `after` breaks if it takes the place of `before` (both as in memory) while TLBs may
// hold `before`. `same_contents`: the memory at both output addresses holds the same bytes.
BbmRule judge_change(const BbmTables& tables, int height, std::uint64_t before, std::uint64_t after,
                     bool same_contents);

class BbmWatch {
 public:
  explicit BbmWatch(const BbmTables& tables) : tables_(tables) {}

  struct Violation {
    BbmRule rule = BbmRule::none;
    std::uint64_t entry_at = 0, before = 0, after = 0;
  };
  // The descriptor at `entry_at`, for the input address `in`, has been written.
  std::optional<Violation> wrote(std::uint64_t entry_at, std::uint64_t in, int height,
                                 std::uint64_t before, std::uint64_t after,
                                 bool same_contents = false);
  // An invalidation has completed on all processors.
  void invalidated(const Invalidation& what);

 private:
  // A valid descriptor that is no longer in memory, but may be in TLBs.
  struct Stale {
    std::uint64_t word = 0;
    std::uint64_t in = 0;
    int height = 0;
    bool second_stage_gone = false;  // stage 2: only combined entries are left
  };
  bool gone(Stale& stale, const Invalidation& what) const;

  BbmTables tables_;
  std::map<std::uint64_t, std::vector<Stale>> stale_;  // by entry address
};

}  // namespace nestwalk::arm64
