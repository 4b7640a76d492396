// Break-before-make: which changes of a descriptor need its old translation to be gone from all
// TLBs first (Arm ARM D8.17.1, R_WHZWS, R_DDMVT), and a watch over the descriptors of one set of
// tables that finds changes made too early. Left out: whether a DSB stood between. bbm_watch.h
// joins it to the machine.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "arm64/stage1_format.h"
#include "arm64/stage2_format.h"
#include "common/tlb/invalidation.h"

namespace nestwalk::arm64 {

enum class BbmRule : std::uint8_t {
  none,         // the change is legal in place
  memory_type,  // or cacheability
  shareability,
  output_address,  // of a leaf, or of the next table
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

// Whether the 2^lg2 bytes at two output addresses are the same. Asked only where that decides.
using SameContents = std::function<bool(std::uint64_t one, std::uint64_t other, unsigned lg2)>;
inline bool never_same(std::uint64_t, std::uint64_t, unsigned) { return false; }

// The rule that `after` breaks if it takes the place of `before` (both as in memory) while TLBs may
// hold `before`.
BbmRule judge_change(const BbmTables& tables, int height, std::uint64_t before, std::uint64_t after,
                     const SameContents& same);

class BbmWatch {
 public:
  explicit BbmWatch(const BbmTables& tables, SameContents same = never_same)
      : tables_(tables), same_(std::move(same)) {}

  struct Violation {
    BbmRule rule = BbmRule::none;
    std::uint64_t entry_at = 0, before = 0, after = 0;
  };
  // The descriptor at `entry_at`, for the input address `in`, has been written.
  std::optional<Violation> wrote(std::uint64_t entry_at, std::uint64_t in, int height,
                                 std::uint64_t before, std::uint64_t after);
  // An invalidation is on its way to all processors. What is made anew meanwhile is no violation,
  // but counted: Linux drops the page-table lock before it flushes (mm/memory.c zap_pte_range), so
  // a fault on another processor may come between.
  void issued(const Invalidation& what);
  void completed(const Invalidation& what);
  void invalidated(const Invalidation& what) {
    issued(what);
    completed(what);
  }
  std::uint64_t overtaking() const { return overtaking_; }

 private:
  // A valid descriptor that is no longer in memory, but may be in TLBs.
  struct Stale {
    std::uint64_t word = 0;
    std::uint64_t in = 0;
    int height = 0;
    bool second_stage_gone = false;  // stage 2: only combined entries are left
    bool going = false;              // the invalidation that is owed is on its way
  };
  bool gone(Stale& stale, const Invalidation& what) const;

  BbmTables tables_;
  SameContents same_;
  std::uint64_t overtaking_ = 0;
  std::map<std::uint64_t, std::vector<Stale>> stale_;  // by entry address
};

}  // namespace nestwalk::arm64
