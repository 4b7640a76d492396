// The runs of ZipfRanks, their hats and the alias table over them.
#include "common/workload/zipf_ranks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace nestwalk {
namespace {

constexpr std::uint64_t run_per_first = 16;
constexpr std::uint64_t always = std::numeric_limits<std::uint64_t>::max();

// A probability in units of 2^-64; the largest value stands for 1.
std::uint64_t scaled_probability(double p) {
  return p >= 1 ? always : static_cast<std::uint64_t>(std::ldexp(std::max(p, 0.0), 64));
}

}  // namespace

ZipfRanks::ZipfRanks(std::uint64_t count, double exponent) : exponent_(exponent) {
  cut_into_runs(count);
  std::vector<double> weights;
  for (Run& run : runs_) {
    run.surely = share(run, run.first + run.length - 1);
    weights.push_back(static_cast<double>(run.length) *
                      std::pow(static_cast<double>(run.first), -exponent_));
  }
  build_alias_table(std::move(weights));
}

void ZipfRanks::cut_into_runs(std::uint64_t count) {
  for (std::uint64_t first = 1; first <= count;) {
    const std::uint64_t left = count - first + 1;
    Run run;
    run.first = first;
    run.length = std::min(left, std::max<std::uint64_t>(1, first / run_per_first));
    runs_.push_back(run);
    first += run.length;
  }
}

// Every column holds a part of its own run and, on top, of one other.
void ZipfRanks::build_alias_table(std::vector<double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  columns_.resize(weights.size());
  std::vector<std::size_t> small, large;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] *= static_cast<double>(weights.size()) / sum;
    (weights[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::size_t low = small.back(), high = large.back();
    small.pop_back();
    columns_[low].keep = scaled_probability(weights[low]);
    columns_[low].alias = high;
    weights[high] -= 1 - weights[low];
    if (weights[high] < 1) {
      large.pop_back();
      small.push_back(high);
    }
  }
  // What is left is full, but for rounding.
  for (const auto& rest : {small, large})
    for (const std::size_t i : rest) {
      columns_[i].keep = always;
      columns_[i].alias = i;
    }
}

bool ZipfRanks::accept(const Run& run, std::uint64_t rank, std::uint64_t fraction) const {
  return fraction < share(run, rank);
}

std::uint64_t ZipfRanks::share(const Run& run, std::uint64_t rank) const {
  if (rank == run.first) return always;
  return scaled_probability(
      std::pow(static_cast<double>(rank) / static_cast<double>(run.first), -exponent_));
}

}  // namespace nestwalk
