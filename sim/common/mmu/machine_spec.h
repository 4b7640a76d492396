// The hardware of the simulated machine, as plain data: what the timed machine and its functional
// twin are built from. Latencies are cycles of the cores' clock, sizes bytes.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/cycles.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_caches.h"

namespace nestwalk {

struct TlbSpec {
  std::vector<TlbArraySpec> arrays;  // empty: there is no such TLB
  Cycles latency_cycles = 1;         // L2: from the end of the L1 lookup
  Cycles extra_size_cycles = 0;      // for each further page size probed within an array
};

// Which bits of a line's address choose its set.
enum class SetIndex : std::uint8_t {
  plain,   // the lowest
  hashed,  // all of them: lines at one place of many pages (table entries) spread over all sets
};

struct CacheSpec {
  std::uint64_t bytes = 0;  // 0: there is no such cache
  std::uint32_t ways = 8;
  Replacement replacement = Replacement::lru;
  Cycles latency_cycles = 4;  // of a hit, from the arrival at this cache
  std::uint32_t mshrs = 16;   // misses in flight; more have to wait
  std::uint32_t ports = 1;    // lookups begun per cycle; more have to wait
  SetIndex set_index = SetIndex::plain;
};

// The timings have the names that JEDEC's standards give them. What is pipelined costs latency
// alone; a bank and a bus are also occupied.
struct DramSpec {
  std::uint32_t channels = 1;      // with a data bus each, at least 1
  std::uint32_t ranks = 1;         // of a channel, a power of two
  std::uint32_t banks = 16;        // of a rank, a power of two
  std::uint64_t row_bytes = 8192;  // of a bank, over all devices of the rank; a power of two
  Cycles fixed_cycles = 40;        // controller and interconnect, both ways; pipelined
  Cycles trcd_cycles = 15;         // from activating a row to its first column command
  Cycles tcl_cycles = 15;          // from the column command to the data
  Cycles trp_cycles = 15;          // from precharging to activating another row
  Cycles tras_cycles = 32;         // from activating to precharging
  double burst_cycles = 3;         // of a line on the data bus; 0: takes no time (tests)
  Cycles trefi_cycles = 0;         // between two refreshes of a rank; 0: no refresh
  Cycles trfc_cycles = 0;          // of a refresh, during which the rank does nothing else
};

enum class WalkerEntry : std::uint8_t { l1d, l2, llc };  // where walkers' reads enter

// What L1D is indexed by. With the virtual address its set is read while the L1 TLB translates, and
// the tags are compared when both are there (VIPT): a hit of both takes the longer of the two. With
// the physical address it has to wait for the TLB (PIPT).
enum class L1dIndex : std::uint8_t { virtual_address, physical_address };

struct MachineSpec {
  std::uint32_t vcpus = 1;
  std::uint32_t frequency_mhz = 1000;
  Cycles issue_interval_cycles = 1;
  std::uint32_t max_outstanding = 1;  // accesses in flight that an L1 TLB and L1D hit did not serve

  TlbSpec l1d, l1i, l2;
  WalkCachesSpec walk_caches;
  Cycles walk_cache_latency_cycles = 1;
  Cycles stage2_tlb_latency_cycles = 1;
  Cycles stage1_tlb_latency_cycles = 1;
  std::uint32_t walkers = 1;
  WalkerEntry walker_entry = WalkerEntry::l1d;

  std::uint32_t line_bytes = 64;
  CacheSpec l1d_cache, l2_cache, llc;
  L1dIndex l1d_index = L1dIndex::physical_address;
  DramSpec dram;
  bool data_accesses = true;  // whether the data itself is read after translation

  // Invalidations between vCPUs. Delivery is also the lookahead of lazy synchronisation.
  Cycles shootdown_delivery_cycles = 100;  // from the sender to the receiver
  Cycles shootdown_send_cycles = 0;        // the sender's work, per target
  Cycles shootdown_receive_cycles = 0;     // stolen from the receiving vCPU
  Cycles local_invalidate_cycles = 0;

  std::uint64_t seed = 0;
};

}  // namespace nestwalk
