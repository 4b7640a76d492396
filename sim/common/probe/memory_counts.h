// What the memory hierarchy has done up to a time, as plain counters. The difference of two
// readings is what happened between them: so a machine tells its measured region alone. Table
// entries, kernel software and data are counted alike, whoever asked.
#pragma once
#include <cstdint>

#include "common/base/cycles.h"

namespace nestwalk {

// One level of cache; private ones are summed over their vCPUs.
struct CacheCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;  // asked the level below
  std::uint64_t merged = 0;  // waited for a line that was on its way already
  // Of all accesses, from their arrival at this level to the line, whatever lies below and all
  // waiting included.
  Cycles latency_cycles = 0;

  std::uint64_t accesses() const { return hits + misses + merged; }
  bool operator==(const CacheCounts&) const = default;
};

struct DramCounts {
  std::uint64_t row_hits = 0;       // the row was open
  std::uint64_t row_misses = 0;     // no row was open
  std::uint64_t row_conflicts = 0;  // another row had to be closed first
  std::uint64_t bytes = 0;          // carried by the data buses
  Cycles bus_busy_cycles = 0;       // of the data buses, summed over channels
  Cycles latency_cycles = 0;        // of all accesses, from their arrival to the line
  Cycles queueing_cycles = 0;       // the part that an idle memory would have spared them

  std::uint64_t accesses() const { return row_hits + row_misses + row_conflicts; }
  bool operator==(const DramCounts&) const = default;
};

struct MemoryCounts {
  CacheCounts l1d, l2;  // of all vCPUs
  CacheCounts llc;
  DramCounts dram;
  bool operator==(const MemoryCounts&) const = default;
};

inline CacheCounts operator+(const CacheCounts& a, const CacheCounts& b) {
  return {a.hits + b.hits, a.misses + b.misses, a.merged + b.merged,
          a.latency_cycles + b.latency_cycles};
}
// `later` was read after `earlier`, of the same machine.
inline CacheCounts operator-(const CacheCounts& later, const CacheCounts& earlier) {
  return {later.hits - earlier.hits, later.misses - earlier.misses, later.merged - earlier.merged,
          later.latency_cycles - earlier.latency_cycles};
}
inline DramCounts operator+(const DramCounts& a, const DramCounts& b) {
  return {a.row_hits + b.row_hits,
          a.row_misses + b.row_misses,
          a.row_conflicts + b.row_conflicts,
          a.bytes + b.bytes,
          a.bus_busy_cycles + b.bus_busy_cycles,
          a.latency_cycles + b.latency_cycles,
          a.queueing_cycles + b.queueing_cycles};
}
inline DramCounts operator-(const DramCounts& later, const DramCounts& earlier) {
  return {later.row_hits - earlier.row_hits,
          later.row_misses - earlier.row_misses,
          later.row_conflicts - earlier.row_conflicts,
          later.bytes - earlier.bytes,
          later.bus_busy_cycles - earlier.bus_busy_cycles,
          later.latency_cycles - earlier.latency_cycles,
          later.queueing_cycles - earlier.queueing_cycles};
}
inline MemoryCounts operator-(const MemoryCounts& later, const MemoryCounts& earlier) {
  return {later.l1d - earlier.l1d, later.l2 - earlier.l2, later.llc - earlier.llc,
          later.dram - earlier.dram};
}

}  // namespace nestwalk
