// A scenario as plain data: the machine and its memory, what happens step by step, and what must be
// true after each. The `cli` fills it from a file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/address.h"
#include "common/hyp/architecture.h"
#include "common/paging/access.h"

namespace nestwalk::scenario {

// Where something stands in the user's file.
struct Place {
  std::string file;
  std::uint64_t line = 0;
  std::string key;
};

enum class BackingKind : std::uint8_t { small, transparent_huge, pool_2m, pool_1g };

struct SlotSpec {
  std::uint16_t id = 0;
  Ipa gpa;
  std::uint64_t bytes = 0;
  BackingKind backing = BackingKind::small;
  // How far the process's addresses are from being congruent with the guest's modulo 1 GiB.
  std::uint64_t host_offset_bytes = 0;
  bool read_only = false, log_dirty = false;
};

enum class Do : std::uint8_t {
  map,             // guest: an address in its tables
  unmap,           // guest: takes it out again
  protect,         // guest: other rights
  write_entry,     // a raw word into a table of either stage
  invalidate,      // a kernel's invalidation
  access,          // by the guest's program or kernel
  add_slot,        // user space: KVM_SET_USER_MEMORY_REGION
  delete_slot,     //
  move_slot,       //
  set_slot_flags,  //
  get_dirty_log,   // KVM_GET_DIRTY_LOG
  discard,         // host process: MADV_DONTNEED
  collapse,        // host process: MADV_COLLAPSE
  protect_host,    // host process: mprotect
};

enum class Stage : std::uint8_t { guest, second };
enum class Reach : std::uint8_t { every_vcpu, one_vcpu };

// Only what the step's Do uses is set.
struct Step {
  Place place;
  std::optional<Do> act;  // none: only expectations
  unsigned vcpu = 0;
  std::uint64_t address = 0;  // virtual; write_entry of the second stage: guest-physical
  std::uint64_t to = 0;       // guest-physical
  std::uint8_t size_lg2 = 12;
  MapRights rights{};
  std::optional<UnmapInvalidation> invalidation;  // none: software forgets it
  Reach reach = Reach::every_vcpu;
  Access access{};
  Stage stage = Stage::guest;
  int height = 0;  // of the table, 0: the last
  std::uint64_t word = 0;
  SlotSpec slot{};
  std::uint64_t bytes = 0;  // of the host's changes
  bool readable = true, writable = true;
  bool flush = true;  // false: a hypervisor that forgets to
};

enum class End : std::uint8_t {
  ok,
  fault,           // the guest takes an exception
  mmio,            // a device's, handled by user space
  external_abort,  // injected by the hypervisor
  refused,         // the host or the kernel says no
  no_progress,     // the same exit again and again
};
enum class Violation : std::uint8_t {
  none,
  stale,     // once granted, taken away since
  isolation  // never granted
};

struct ExpectedExit {
  std::string reason;  // a name of the architecture's (Dialect)
  std::optional<std::uint64_t> code, gpa;
};
struct ExpectedLeaf {
  std::uint64_t gpa = 0;
  std::optional<std::uint64_t> bytes;  // 0: nothing is mapped there
  std::optional<bool> writable, executable;
};
struct ExpectedTlb {
  unsigned vcpu = 0;
  std::uint64_t address = 0;
  Access access{};
  bool holds = true;
};
struct ExpectedCounters {
  std::optional<std::uint64_t> exits, mapped, zapped, spurious, mmio, flushes;
};

struct Expect {
  Place place;
  std::optional<End> result;
  std::optional<std::uint64_t> gpa;                      // that the access reaches
  std::optional<std::uint64_t> guest_bytes, host_bytes;  // of the leaves
  std::optional<ExpectedExit> fault;
  std::optional<std::vector<ExpectedExit>> exits;  // all of the step's, in order
  std::optional<Violation> violation;
  std::optional<std::vector<std::uint64_t>> dirty;  // pages of the slot
  std::vector<ExpectedLeaf> leaves;
  std::vector<ExpectedTlb> tlb;
  ExpectedCounters counters;
};

struct StepAndExpect {
  Step step;
  std::optional<Expect> expect;
};

struct Scene {
  std::string name;
  Place place;
  unsigned vcpus = 1;
  Ipa guest_tables;  // where the guest's kernel takes its table pages from, upwards
  std::vector<SlotSpec> slots;
  std::vector<StepAndExpect> steps;
};

}  // namespace nestwalk::scenario
