// A walk port that remembers what a walk read and changed, and can undo the changes: each access of
// a vector starts from the same memory.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "common/mmu/walk_port.h"

namespace nestwalk::x86 {

class JournalPort final : public WalkPort {
 public:
  explicit JournalPort(PhysicalMemory& memory) : memory_(memory) {}

  struct Read {
    Pa at{};
    unsigned bytes = 8;
    RefPosition position{};
    std::uint64_t word = 0;
  };

  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override {
    word = memory_.read(at, bytes);
    if (keep_reads) reads_.push_back({at, bytes, position, word});
    return true;
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    const std::uint64_t now = memory_.read(at, bytes);
    if (now != word) {
      word = now;
      return true;
    }
    const Pa aligned = at.aligned(3);
    before_.emplace_back(aligned, memory_.read(aligned, 8));
    memory_.write(at, bytes, wanted);
    return true;
  }

  // Every 8-byte word that is not what it was, with its new contents, by ascending address.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> changes() const;
  // Forgets the journal; the changes stay.
  void forget();
  // Makes memory what it was when the journal began.
  void undo();

  const std::vector<Read>& reads() const { return reads_; }
  bool keep_reads = false;

 private:
  PhysicalMemory& memory_;
  std::vector<std::pair<Pa, std::uint64_t>> before_;  // contents before each change, oldest first
  std::vector<Read> reads_;
};

}  // namespace nestwalk::x86
