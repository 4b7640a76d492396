// The machine that executed the arm64 translation vectors, and the memory of one vector line: a
// journal takes back what an access has written, so that each starts from the line's memory.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arm64/features.h"
#include "common/memory/physical_memory.h"
#include "common/mmu/walk_port.h"

namespace nestwalk::arm64 {

// QEMU 7.2's `-cpu max`: 52-bit addresses everywhere, dirty state, PAN2; no EPAN, NV or permission
// indirection. HPFAR is given for every stage-2 fault.
constexpr Features vector_features() {
  Features f = Features::all();
  f.pan = 2;
  return f;
}

// The vectors' Contiguous bits are random: their runs are misprogrammed, which the emulator does
// not see because it takes every member as it stands.
constexpr Knobs vector_knobs() {
  Knobs knobs;
  knobs.contig_misprog = Knobs::Misprogrammed::page;
  knobs.contig_cached = false;
  return knobs;
}

// A walk's port onto a line's memory.
class VectorMemory final : public WalkPort {
 public:
  // Words of the line. Frames of the line before are forgotten.
  void load(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& words);
  // Takes back every update since the last call.
  void rewind();
  // Words that differ from the line's, by address.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> changes() const;
  // Begins to tell each read and update, a line each; empty text.
  void tell() { telling_ = true; }
  std::string take_text() { return std::exchange(text_, {}); }

  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override;
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override;

 private:
  PhysicalMemory memory_;
  std::vector<Pa> frames_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> journal_;  // address, word before
  bool telling_ = false;
  std::string text_;
};

}  // namespace nestwalk::arm64
