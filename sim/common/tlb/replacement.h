// Replacement policies. One small class each, chosen from one list; all pass the same conformance
// test (tests/conformance). A policy keeps its own state for `sets` x `ways` slots.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace nestwalk {

enum class Replacement : std::uint8_t { lru, tree_plru, random, srrip };
inline constexpr Replacement all_replacements[] = {Replacement::lru, Replacement::tree_plru,
                                                   Replacement::random, Replacement::srrip};
std::string_view name(Replacement);

class ReplacementPolicy {
 public:
  virtual ~ReplacementPolicy() = default;
  virtual void used(std::size_t set, unsigned way) = 0;    // a hit
  virtual void filled(std::size_t set, unsigned way) = 0;  // a new entry
  virtual unsigned victim(std::size_t set) = 0;            // all ways hold entries
  // Brings a set's state near on the host.
  virtual void prefetch(std::size_t /*set*/) const {}
};

// `ways` is 1..65535; `seed` matters to `random` only.
std::unique_ptr<ReplacementPolicy> make_replacement(Replacement, std::size_t sets, unsigned ways,
                                                    std::uint64_t seed);

}  // namespace nestwalk
