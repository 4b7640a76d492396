#include "common/measure/loops.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/base/check.h"

namespace nestwalk {
namespace {

using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begun).count();
}

// The value is in a register here, and nobody knows which.
template <class T>
inline void keep(T& value) {
  asm volatile("" : "+r"(value));
}

inline std::byte* next(std::byte* at) { return *reinterpret_cast<std::byte**>(at); }

template <std::size_t chains>
double chase(std::vector<std::byte*>& heads, std::uint64_t steps) {
  std::array<std::byte*, chains> at;
  std::copy(heads.begin(), heads.end(), at.begin());
  const Clock::time_point begun = Clock::now();
  for (std::uint64_t step = 0; step < steps; ++step)
    for (std::byte*& one : at) one = next(one);
  for (std::byte*& one : at) keep(one);
  const double ns = ns_since(begun);
  std::copy(at.begin(), at.end(), heads.begin());
  return ns;
}

}  // namespace

double chase_ns(std::vector<std::byte*>& heads, std::uint64_t steps) {
  switch (heads.size()) {
    case 1:
      return chase<1>(heads, steps);
    case 2:
      return chase<2>(heads, steps);
    case 4:
      return chase<4>(heads, steps);
    case 8:
      return chase<8>(heads, steps);
    case 16:
      return chase<16>(heads, steps);
    default:
      NW_CHECK(false, "no loop for {} chains", heads.size());
  }
}

double stream_ns(const std::byte* data, std::uint64_t bytes) {
  constexpr std::uint64_t line_bytes = 64;
  std::uint64_t sum = 0;
  const Clock::time_point begun = Clock::now();
  for (std::uint64_t at = 0; at < bytes; at += line_bytes)
    sum += *reinterpret_cast<const std::uint64_t*>(data + at);
  keep(sum);
  return ns_since(begun);
}

double touch_ns(std::byte* data, std::uint64_t bytes, std::uint64_t page_bytes) {
  const Clock::time_point begun = Clock::now();
  for (std::uint64_t at = 0; at < bytes; at += page_bytes)
    *static_cast<volatile std::byte*>(data + at) = std::byte{1};
  return ns_since(begun);
}

double clock_mhz() {
  constexpr std::uint64_t additions = 100'000, unrolled = 10;
  double best_ns = 1e18;
  for (int repetition = 0; repetition < 9; ++repetition) {
    std::uint64_t sum = 1, addend = 3;
    keep(addend);
    const Clock::time_point begun = Clock::now();
    for (std::uint64_t i = 0; i < additions; i += unrolled) {
#pragma GCC unroll 10
      for (std::uint64_t j = 0; j < unrolled; ++j) {
        sum += addend;
        keep(sum);
      }
    }
    best_ns = std::min(best_ns, ns_since(begun));
  }
  return static_cast<double>(additions) / best_ns * 1000;
}

}  // namespace nestwalk
