// LRU with time stamps; tree pseudo-LRU; random; SRRIP (Jaleel et al., ISCA 2010: 2-bit values,
// inserted at 2, promoted to 0 on a hit, aged until one reaches 3).
#include "common/tlb/replacement.h"

#include <bit>
#include <vector>

#include "common/base/check.h"
#include "common/base/random.h"

namespace nestwalk {
namespace {

class Lru final : public ReplacementPolicy {
 public:
  Lru(std::size_t sets, unsigned ways) : ways_(ways), stamps_(sets * ways) {}
  void used(std::size_t set, unsigned way) override { stamps_[set * ways_ + way] = ++now_; }
  void filled(std::size_t set, unsigned way) override { used(set, way); }
  unsigned victim(std::size_t set) override {
    const std::uint64_t* stamps = &stamps_[set * ways_];
    unsigned oldest = 0;
    for (unsigned way = 1; way < ways_; ++way)
      if (stamps[way] < stamps[oldest]) oldest = way;
    return oldest;
  }

 private:
  unsigned ways_;
  std::uint64_t now_ = 0;
  std::vector<std::uint64_t> stamps_;
};

// A binary tree of bits over the ways, each pointing to the half not used last. With a number of
// ways that is no power of two, halves without ways are never pointed to.
class TreePlru final : public ReplacementPolicy {
 public:
  TreePlru(std::size_t sets, unsigned ways)
      : ways_(ways), leaves_(std::bit_ceil(ways)), bits_(sets * leaves_) {}
  void used(std::size_t set, unsigned way) override {
    std::uint8_t* tree = &bits_[set * leaves_];
    for (unsigned node = leaves_ + way; node > 1; node >>= 1) tree[node >> 1] = !(node & 1);
  }
  void filled(std::size_t set, unsigned way) override { used(set, way); }
  unsigned victim(std::size_t set) override {
    const std::uint8_t* tree = &bits_[set * leaves_];
    unsigned node = 1, first = 0, span = leaves_;
    while (node < leaves_) {
      span >>= 1;
      const bool right = tree[node] && first + span < ways_;
      node = node * 2 + right;
      if (right) first += span;
    }
    return node - leaves_;
  }

 private:
  unsigned ways_, leaves_;
  std::vector<std::uint8_t> bits_;  // node n of a set's tree at [set * leaves + n], n = 1..
};

class RandomChoice final : public ReplacementPolicy {
 public:
  RandomChoice(unsigned ways, std::uint64_t seed) : ways_(ways), random_(seed) {}
  void used(std::size_t, unsigned) override {}
  void filled(std::size_t, unsigned) override {}
  unsigned victim(std::size_t) override { return static_cast<unsigned>(random_.below(ways_)); }

 private:
  unsigned ways_;
  Random random_;
};

class Srrip final : public ReplacementPolicy {
 public:
  Srrip(std::size_t sets, unsigned ways) : ways_(ways), values_(sets * ways, distant) {}
  void used(std::size_t set, unsigned way) override { values_[set * ways_ + way] = 0; }
  void filled(std::size_t set, unsigned way) override { values_[set * ways_ + way] = distant - 1; }
  unsigned victim(std::size_t set) override {
    std::uint8_t* values = &values_[set * ways_];
    for (;;) {
      for (unsigned way = 0; way < ways_; ++way)
        if (values[way] == distant) return way;
      for (unsigned way = 0; way < ways_; ++way) ++values[way];
    }
  }

 private:
  static constexpr std::uint8_t distant = 3;
  unsigned ways_;
  std::vector<std::uint8_t> values_;
};

}  // namespace

std::string_view name(Replacement kind) {
  switch (kind) {
    case Replacement::lru: return "lru";
    case Replacement::tree_plru: return "tree_plru";
    case Replacement::random: return "random";
    case Replacement::srrip: return "srrip";
  }
  return "?";
}

std::unique_ptr<ReplacementPolicy> make_replacement(Replacement kind, std::size_t sets,
                                                    unsigned ways, std::uint64_t seed) {
  NW_CHECK(sets > 0 && ways > 0, "{} sets, {} ways", sets, ways);
  switch (kind) {
    case Replacement::lru: return std::make_unique<Lru>(sets, ways);
    case Replacement::tree_plru: return std::make_unique<TreePlru>(sets, ways);
    case Replacement::random: return std::make_unique<RandomChoice>(ways, seed);
    case Replacement::srrip: return std::make_unique<Srrip>(sets, ways);
  }
  return nullptr;
}

}  // namespace nestwalk
