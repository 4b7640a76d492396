// The layout of ChampSim's two instruction records, little-endian C structs with natural alignment
// (ChampSim, inc/trace_instruction.h: input_instr and cloudsuite_instr). Registers are left out.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nestwalk {

static_assert(std::endian::native == std::endian::little, "records are read as they lie");

struct ChampsimLayout {
  std::size_t record_bytes;
  std::size_t destination_at;  // addresses written, u64 each; 0: unused
  std::size_t destinations;
  std::size_t source_at;  // addresses read, likewise
  std::size_t sources;
  std::size_t asid_at;  // two bytes, of the fetch and of the data accesses; 0: none
};

inline constexpr ChampsimLayout champsim_layout{64, 16, 2, 32, 4, 0};
inline constexpr ChampsimLayout champsim_asid_layout{96, 24, 4, 56, 4, 88};

class ChampsimRecord {
 public:
  ChampsimRecord(const char* at, const ChampsimLayout& layout) : at_(at), layout_(&layout) {}

  std::uint64_t instruction_pointer() const { return word(0); }
  std::uint64_t destination(std::size_t i) const { return word(layout_->destination_at + 8 * i); }
  std::uint64_t source(std::size_t i) const { return word(layout_->source_at + 8 * i); }
  std::uint8_t fetch_asid() const { return layout_->asid_at ? byte(layout_->asid_at) : 0; }
  std::uint8_t data_asid() const { return layout_->asid_at ? byte(layout_->asid_at + 1) : 0; }
  // is_branch @8 and branch_taken @9 are truth values; anything else is another kind of file.
  bool plausible() const { return byte(8) <= 1 && byte(9) <= 1; }

 private:
  std::uint64_t word(std::size_t offset) const {
    std::uint64_t value;
    std::memcpy(&value, at_ + offset, sizeof value);
    return value;
  }
  std::uint8_t byte(std::size_t offset) const { return static_cast<std::uint8_t>(at_[offset]); }

  const char* at_;
  const ChampsimLayout* layout_;
};

}  // namespace nestwalk
