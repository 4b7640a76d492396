// LRU; tree pseudo-LRU; random; SRRIP (Jaleel et al., ISCA 2010: 2-bit values,
// inserted at 2, promoted to 0 on a hit, aged until one reaches 3).
#include "common/tlb/replacement.h"

#include <bit>
#include <vector>

#include "common/base/check.h"
#include "common/base/random.h"

namespace nestwalk {
namespace {

// The ways of a set as a doubly linked ring in order of use, the most recent first: constant time
// whatever the number of ways.
class Lru final : public ReplacementPolicy {
 public:
  Lru(std::size_t sets, unsigned ways) : ways_(ways), links_(sets * ways), first_(sets) {
    NW_CHECK(ways <= 0xffff, "{} ways", ways);
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const unsigned way = static_cast<unsigned>(i % ways);
      links_[i] = {narrow(way == 0 ? ways - 1 : way - 1), narrow(way + 1 == ways ? 0 : way + 1)};
    }
  }
  void used(std::size_t set, unsigned way) override {
    const unsigned first = first_[set];
    if (way == first) return;
    Link* links = &links_[set * ways_];
    const unsigned last = links[first].before;
    first_[set] = narrow(way);
    if (way == last) return;  // the ring only turns
    const Link at = links[way];
    links[at.before].after = at.after;
    links[at.after].before = at.before;
    links[way] = {narrow(last), narrow(first)};
    links[last].after = narrow(way);
    links[first].before = narrow(way);
  }
  void filled(std::size_t set, unsigned way) override { used(set, way); }
  unsigned victim(std::size_t set) override { return links_[set * ways_ + first_[set]].before; }
  void prefetch(std::size_t set) const override { __builtin_prefetch(&links_[set * ways_]); }

 private:
  struct Link {
    std::uint16_t before, after;
  };
  static std::uint16_t narrow(unsigned way) { return static_cast<std::uint16_t>(way); }

  unsigned ways_;
  std::vector<Link> links_;
  std::vector<std::uint16_t> first_;
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
    case Replacement::lru:
      return "lru";
    case Replacement::tree_plru:
      return "tree_plru";
    case Replacement::random:
      return "random";
    case Replacement::srrip:
      return "srrip";
  }
  return "?";
}

std::unique_ptr<ReplacementPolicy> make_replacement(Replacement kind, std::size_t sets,
                                                    unsigned ways, std::uint64_t seed) {
  NW_CHECK(sets > 0 && ways > 0, "{} sets, {} ways", sets, ways);
  switch (kind) {
    case Replacement::lru:
      return std::make_unique<Lru>(sets, ways);
    case Replacement::tree_plru:
      return std::make_unique<TreePlru>(sets, ways);
    case Replacement::random:
      return std::make_unique<RandomChoice>(ways, seed);
    case Replacement::srrip:
      return std::make_unique<Srrip>(sets, ways);
  }
  return nullptr;
}

}  // namespace nestwalk
