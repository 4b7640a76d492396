// What the machine tells its observers. Plain values; nothing here computes or prints.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/address.h"
#include "common/base/cycles.h"
#include "common/paging/access.h"

namespace nestwalk {

// Where the cycles of one access went. The spans of an access sum to its latency (always checked).
enum class Span : std::uint8_t {
  tlb,           // L1 and L2 TLB lookups
  walk_cache,    // page-walk-cache and stage-2-TLB lookups
  stage1_reads,  // reading stage-1 entries
  stage2_reads,  // reading stage-2 entries
  walker_queue,  // waiting for a free walker
  merged,        // waiting for another access's walk of the same page
  in_order,      // has met a fault, and waits for older accesses before it may be taken
  guest_fault,   // the guest operating system's fault handler
  host_fault,    // the hypervisor's fault handler
  invalidation,  // stalled by a TLB shootdown
  data,          // the access itself, after translation
};
inline constexpr std::size_t span_count = 11;
using Spans = std::array<Cycles, span_count>;

// How a translation was served. A fault makes it `fault` whatever came before.
enum class Served : std::uint8_t { l1_tlb, l2_tlb, merged, walk, fault };
inline constexpr std::size_t served_count = 5;

// One access has completed.
struct AccessDone {
  std::uint16_t vcpu = 0;
  std::uint16_t space = 0;
  AccessType type = AccessType::read;
  Served served = Served::l1_tlb;
  std::uint8_t page_lg2 = 12;  // lg2 bytes of the TLB entry that served or was filled
  bool skipped = false;  // software did not mend its fault: it has got no data (Served::fault)
  std::uint32_t entry_reads = 0;  // table entries read from memory on its behalf, all walks
  std::uint32_t walks = 0;        // walks done for it (retries after faults included)
  std::uint32_t guest_faults = 0;
  std::uint32_t host_faults = 0;
  // Accesses told by this event: more than one only to an observer that merges equal ones; va and
  // issued_cycle are then the last one's.
  std::uint32_t count = 1;
  Va va{};
  Cycles issued_cycle = 0;
  Cycles translation_cycles = 0;  // all spans but `data`
  Cycles total_cycles = 0;        // all spans
  Spans spans{};
};

// Position of a memory reference in a walk: (h, none) is the stage-1 entry of height h; (h, k) the
// stage-2 entry of height k read to find that entry; (none, k) one read for the final address.
struct RefPosition {
  static constexpr std::int8_t none = -1;
  std::int8_t stage1_height = none;
  std::int8_t stage2_height = none;
};

// What answered a reference of a walk. `walk_cache`: not read, because the walk began below it
// (after a hit of the stage-1 TLB: behind all of stage 1), or because a cached prefix of stage 2
// covered it; `stage2_tlb`: not read, because the whole stage-2
// translation was cached.
enum class RefServed : std::uint8_t { l1d, l2, llc, dram, walk_cache, stage2_tlb };
inline constexpr std::size_t ref_served_count = 6;

struct Reference {
  std::uint16_t vcpu = 0;
  RefPosition position{};
  RefServed served = RefServed::dram;
  Cycles latency_cycles = 0;  // 0 for references that were skipped
  Cycles asked_cycle = 0;     // when it was made, or found to be needless
  Pa at{};                    // of the entry; 0 for references that were skipped
  std::uint64_t word = 0;     // the entry as read
};

// One table walk has ended, with or without a fault.
struct WalkDone {
  std::uint16_t vcpu = 0;
  bool faulted = false;
  bool discarded = false;  // overtaken by an invalidation: nothing was filled
  std::uint32_t entry_reads = 0;
  std::uint8_t page_lg2 = 0;  // of the combined entry; 0 when faulted
  Cycles latency_cycles = 0;  // queueing for the walker excluded
};

enum class Side : std::uint8_t { guest, host };

// A fault has been handled by the guest's or the host's software.
struct FaultHandled {
  std::uint16_t vcpu = 0;
  Side side = Side::guest;
  // Nothing was mapped: another vCPU had done so since the walk (KVM counts them as pf_spurious).
  bool spurious = false;
  std::uint8_t page_lg2 = 12;  // what was mapped, by this fault or, if spurious, by the other
  Cycles latency_cycles = 0;   // nested handling included (a guest fault may cause host faults)
  Cycles host_cycles = 0;      // of these, the host's faults that a guest's handler caused
};

// Whose software runs on a vCPU. Every cycle of software belongs to exactly one world.
enum class World : std::uint8_t { host, guest_hypervisor, guest, nested_guest };
inline constexpr std::size_t world_count = 4;

// Software has taken a named step of one of its paths (cpu/step.h).
struct StepTaken {
  std::uint16_t vcpu = 0;
  World world = World::host;
  std::string_view path, step;
  Cycles begun_cycle = 0;
  Cycles cycles = 0;  // what the step was priced
};

// Software had to wait for a lock, and has it now.
struct LockWaited {
  std::uint16_t vcpu = 0;
  World world = World::host;
  std::string_view lock;
  Cycles cycles = 0;
};

// A TLB shootdown: one vCPU invalidates, others are told.
struct ShootdownDone {
  std::uint16_t vcpu = 0;
  std::uint16_t targets = 0;
  Cycles latency_cycles = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on(const AccessDone&) {}
  // Whether accesses served in their issue cycle that differ in address and time only may be told
  // by one event, later. Sums do not mind, and telling each takes time.
  virtual bool merges_equal_accesses() const { return false; }
  virtual void on(const Reference&) {}
  virtual void on(const WalkDone&) {}
  virtual void on(const FaultHandled&) {}
  virtual void on(const ShootdownDone&) {}
  virtual void on(const StepTaken&) {}
  virtual void on(const LockWaited&) {}
};

}  // namespace nestwalk
