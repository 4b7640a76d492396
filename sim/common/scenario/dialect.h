// What an architecture adds to scenarios: its tables and hardware, what its faults are called, and
// what its KVM answers to a fault of the second stage of an ordinary guest.
#pragma once
#include <optional>
#include <string>

#include "common/host/host_vm.h"
#include "common/hyp/architecture.h"
#include "common/scenario/scene.h"

namespace nestwalk::scenario {

// A fault as software sees it.
struct FaultFacts {
  std::string reason;      // e.g. "page_fault", "data_abort"
  std::uint64_t code = 0;  // error code, qualification, EXITINFO1, ESR
  std::uint64_t gpa = 0;   // faults of the second stage
  bool operator==(const FaultFacts&) const = default;
};

// An entry of the second stage as its hypervisor knows it.
struct Leaf {
  Ipa base;
  Pa frame;
  std::uint8_t size_lg2 = 12;
  bool writable = false, executable = false;
  bool may_be_writable = false;  // nothing but dirty logging keeps it read-only
};

enum class Act : std::uint8_t { map, spurious, retry, mmio, external_abort, skip, refuse };

struct Answer {
  Act act = Act::retry;
  Leaf leaf{};               // map: put this in, in place of whatever is there
  bool marks_dirty = false;  // the page of the fault, in the slot's log
};

struct Exit {
  const TranslationEngine& engine;
  const Fault& fault;
  Va va;
  const Access& access;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual const Architecture& architecture() const = 0;
  virtual FaultFacts facts(const Exit& exit) const = 0;
  // `found`: the entry that is there; null: none.
  virtual Answer answer(const Exit& exit, HostVm& vm, const Leaf* found) const = 0;
  // A slot that is deleted or moved: whether all of the VM is unmapped, or the slot alone.
  virtual bool unmaps_all_with_a_slot() const = 0;
  // When logging begins: larger entries are split at once, or only when they are written.
  virtual bool splits_when_logging_begins() const = 0;
  // When logging ends: 4K entries become large ones where they can, at once.
  virtual bool recovers_large_entries() const = 0;
  // Where the entry stands that a table of this height has for an address; nothing: there is no
  // such table. `root`, `io`: of that stage's tables.
  virtual std::optional<std::uint64_t> entry_address(Stage stage, const TranslationEngine& engine,
                                                     std::uint64_t root, std::uint64_t in,
                                                     int height, TableIo& io) const = 0;
};

}  // namespace nestwalk::scenario
