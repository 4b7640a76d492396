// When two numbers of different runs differ enough to be worth a word.
#pragma once
#include <algorithm>
#include <cmath>

namespace nestwalk {

struct Estimate {
  double value = 0;
  double error = 0;  // one standard error
  bool operator==(const Estimate&) const = default;
};

// Below this share of the larger one a difference is not named: models are coarser than that.
inline constexpr double least_share_named = 0.01;
// Nor when it is within this many standard errors: another seed might turn it round.
inline constexpr double errors_of_noise = 2;

inline bool differ(const Estimate& a, const Estimate& b) {
  const double difference = std::abs(a.value - b.value);
  return difference >= least_share_named * std::max(a.value, b.value) &&
         difference > errors_of_noise * std::hypot(a.error, b.error);
}

}  // namespace nestwalk
