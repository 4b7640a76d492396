// One record of real KVM on AMD hardware, parsed: module parameters, memory slots, the script that
// made the set-up, and its steps with what was observed. The form is described in
// tests/conformance/records/README.md. Observations that no model can say yet stay unread.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace nestwalk::x86 {

enum class GuestMode : std::uint8_t { unpaged, two_level, pae, four_level, five_level };

// What stands behind a slot: `kind` of the record.
enum class SlotBacking : std::uint8_t { small, transparent_huge, pool_2m, pool_1g };

struct RecordedSlot {
  std::uint16_t id = 0;
  std::uint64_t gpa = 0, bytes = 0, host_offset = 0;
  SlotBacking backing = SlotBacking::small;
  bool log_dirty = false, read_only = false;
};

// A command of the script: its name and its words, numbers parsed where they are numbers.
struct Command {
  std::string text;
  std::vector<std::string> words;                // words[0] is the command's name
  std::uint64_t number(std::size_t word) const;  // throws std::invalid_argument if there is none
};

// An exit to user space for a device access.
struct RecordedMmio {
  std::uint64_t gpa = 0, bytes = 0, data = 0;
  bool write = false;
  bool operator==(const RecordedMmio&) const = default;
};

// What a step's access came to: a value read, "done" for a store, or an exception.
struct RecordedStep {
  unsigned number = 0;
  Command command;
  bool skipped = false;    // the vCPU was dead
  bool refused = false;    // the kernel refused what user space asked for
  bool truncated = false;  // a list was cut
  bool died = false;       // an exit after which the vCPU is dead
  std::string value;       // "0x...", "done"; empty: none
  bool exception = false;
  std::uint64_t vector = 0, error = 0, cr2 = 0;
  std::string memory;                    // of peek
  std::vector<std::string> page_faults;  // "npf:INFO1@GPA"
  std::vector<std::string> leaves;       // "gfn:level" of entries for pages that were made present
  std::vector<std::string> dirty;        // of a dirty log: frame numbers
  bool has_dirty = false;
  std::vector<RecordedMmio> mmio;
};

struct Record {
  std::string id, batch;
  unsigned generation = 0;   // kernel: 61, 73, ...
  unsigned host_levels = 4;  // of the host's own paging, which nested tables share
  bool tdp = false;          // npt=1, tdp_mmu=1, no nesting in the batch
  bool mmio_caching = true, nx_huge_pages = false;
  GuestMode mode = GuestMode::four_level;
  std::uint8_t maxphyaddr = 40;
  std::vector<Command> script;  // what sets memory up, and the steps, in their order
  std::vector<RecordedSlot> slots;
  std::vector<RecordedStep> steps;
};

bool looks_like_record(const nlohmann::json& line);
Record parse_record(const nlohmann::json& line);

}  // namespace nestwalk::x86
