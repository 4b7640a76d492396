// Seeded random numbers. The generator is std::mt19937_64, whose sequence the C++ standard fixes;
// the mapping to a range is here because std's distributions may differ between libraries.
#pragma once
#include <cstdint>
#include <random>

namespace nestwalk {

__extension__ typedef unsigned __int128 Wide;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits64() { return engine_(); }
  // Uniform in [0, bound); bound >= 1. Multiply-shift (Lemire 2019); bias below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(static_cast<Wide>(engine_()) * bound >> 64);
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

 private:
  std::mt19937_64 engine_;
};

// A seed for the part `stream` of a run with seed `seed`, unlike those of its neighbours
// (SplitMix64's finalizer, Steele et al. 2014).
constexpr std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t stream) {
  std::uint64_t z = seed + (stream + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace nestwalk
