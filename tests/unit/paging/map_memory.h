// Words by address, as a walk's Memory and as the owner's TableIo, with a hook to change entries
// between a walk's read and its update.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "common/base/bits.h"
#include "common/paging/fault.h"
#include "common/paging/page_tables.h"

namespace nestwalk::test {

struct MapMemory final : TableIo {
  std::map<std::uint64_t, std::uint64_t> words;
  std::set<std::uint64_t> dead;  // addresses at which nothing answers
  std::vector<std::uint64_t> reads, updates;
  std::function<void(std::uint64_t at)> before_update;
  std::uint64_t next_table = 0x10'0000;

  template <class Out>
  bool read(Out at, unsigned, int height, std::uint64_t& word, Fault& fault) {
    reads.push_back(at.value);
    if (dead.contains(at.value)) return dies(height, fault);
    word = words[at.value];
    return true;
  }
  template <class Out>
  bool update(Out at, unsigned, int height, std::uint64_t& word, std::uint64_t wanted,
              Fault& fault) {
    updates.push_back(at.value);
    if (before_update) before_update(at.value);
    if (dead.contains(at.value)) return dies(height, fault);
    std::uint64_t& held = words[at.value];
    if (held == word)
      held = wanted;
    else
      word = held;
    return true;
  }

  std::uint64_t load(std::uint64_t at, unsigned) override { return words[at]; }
  void store(std::uint64_t at, unsigned, std::uint64_t word) override { words[at] = word; }
  std::uint64_t allocate_table(unsigned size_lg2) override {
    const std::uint64_t at = align_up(next_table, size_lg2);
    next_table = at + one(size_lg2);
    return at;
  }
  void free_table(std::uint64_t, unsigned) override {}

 private:
  static bool dies(int height, Fault& fault) {
    fault.cause = FaultCause::bus_error;
    fault.height = static_cast<std::int8_t>(height);
    return false;
  }
};

}  // namespace nestwalk::test
