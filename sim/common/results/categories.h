// The categories that results are split by, with the stable names that files use and the labels
// that people read. The first three mirror enums of the probe room, which this room may not
// include; the collectors check at compile time that both agree.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nestwalk {

struct Category {
  std::string_view key;    // in JSON and CSV; never changes
  std::string_view label;  // in text
};

// Where the cycles of the accesses went.
enum class TimeSpan : std::uint8_t {
  tlb,
  walk_cache,
  stage1_reads,
  stage2_reads,
  walker_queue,
  merged,
  in_order,
  guest_fault,
  host_fault,
  invalidation,
  data,
};
inline constexpr std::array<Category, 11> time_spans{{
    {"tlb", "TLB lookups"},
    {"walk_cache", "walk caches, stage-2 TLB"},
    {"stage1_reads", "stage-1 entry reads"},
    {"stage2_reads", "stage-2 entry reads"},
    {"walker_queue", "queue for a walker"},
    {"merged", "wait for another's walk"},
    {"in_order", "wait to fault in order"},
    {"guest_fault", "guest fault software"},
    {"host_fault", "host fault software"},
    {"invalidation", "TLB shootdowns"},
    {"data", "data access"},
}};

// How a translation was served.
enum class HowServed : std::uint8_t { l1_tlb, l2_tlb, merged, walk, fault };
inline constexpr std::array<Category, 5> how_served{{
    {"l1_tlb", "L1 TLB"},
    {"l2_tlb", "L2 TLB"},
    {"merged", "merged with a walk"},
    {"walk", "walk, no fault"},
    {"fault", "with a fault"},
}};

// What answered a reference of a walk; the last two were not read from memory.
enum class ReadFrom : std::uint8_t { l1d, l2, llc, dram, walk_cache, stage2_tlb };
inline constexpr std::array<Category, 6> read_from{{
    {"l1d", "L1D"},
    {"l2", "L2"},
    {"llc", "LLC"},
    {"dram", "DRAM"},
    {"walk_cache", "walk\ncache"},
    {"stage2_tlb", "stage-2\nTLB"},
}};
inline constexpr std::size_t really_read_count = 4;  // l1d, l2, llc, dram

enum class TlbName : std::uint8_t { l1d, l1i, l2 };
inline constexpr std::array<Category, 3> tlb_names{{
    {"l1d", "L1 data"},
    {"l1i", "L1 instruction"},
    {"l2", "L2"},
}};

enum class CacheLevel : std::uint8_t { l1d, l2, llc };
inline constexpr std::array<Category, 3> cache_levels{{
    {"l1d", "L1D"},
    {"l2", "L2"},
    {"llc", "LLC"},
}};

enum class MemorySide : std::uint8_t { guest, host };
inline constexpr std::array<Category, 2> memory_sides{{{"guest", "guest"}, {"host", "host"}}};

// How far the number of cycles of a software step, or another parameter, may be trusted; derived: a
// published total of which the split is ours.
enum class CostKind : std::uint8_t { measured, published, derived, assumed, sourced };
inline constexpr std::array<Category, 5> cost_kinds{{
    {"measured", "measured"},
    {"published", "published"},
    {"derived", "derived"},
    {"assumed", "assumed"},
    {"sourced", "sourced"},
}};

template <class Enum>
constexpr std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace nestwalk
