// One record of real KVM on Arm, parsed: memory slots of the guest hypervisor (L1), words written
// before it runs, and steps with what was observed. tests/conformance/records/README.md describes
// the form. Observations that no model can say yet stay unread.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nestwalk::arm64 {

enum class SlotBacking : std::uint8_t { small, transparent_huge, pool };

struct RecordedSlot {
  std::uint16_t number = 0;
  std::uint64_t ipa = 0, bytes = 0, host_offset = 0;
  SlotBacking backing = SlotBacking::small;
  std::uint8_t pool_lg2 = 0;
  bool read_only = false, log_dirty = false;
};

// An entry made in L1's own stage 2, or taken out.
struct Mapping {
  std::uint64_t ipa = 0, bytes = 0;
  bool operator==(const Mapping&) const = default;
};

struct RecordedStep {
  std::string op;      // "run", "l1_read", ...
  std::string detail;  // of host steps: what the host does
  std::uint64_t address = 0;
  std::optional<std::uint64_t> value;  // loaded, or to be stored
  std::vector<std::uint64_t> faults;   // IPAs of pages, of L1's faults
  std::vector<Mapping> maps;           // in L1's own stage 2
  bool unmaps = false;                 // ranges were taken out or write-protected
  bool truncated = false;
};

struct Record {
  std::string id;
  std::vector<RecordedSlot> slots;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> words;  // L1 IPA, value
  std::vector<RecordedStep> steps;
};

// A line of counted hardware traps, which is not played.
bool looks_like_traps(const nlohmann::json& line);
bool looks_like_record(const nlohmann::json& line);
Record parse_record(const nlohmann::json& line);

}  // namespace nestwalk::arm64
