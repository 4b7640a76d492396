// Ranks 0..n-1 by Zipf's law: rank r has probability proportional to (r + 1)^-exponent. Exact, with
// a table of a few hundred entries whatever n is. Rejection under a hat of constant pieces (Devroye
// 1986, section II.3): ranks are cut into runs a sixteenth of their first rank long, Walker's alias
// method (in Vose's form, 1991) picks a run by its hat, and pow() is called only for the few draws
// that the run's lowest value does not already accept. Chosen over rejection-inversion (Hoermann &
// Derflinger 1996) because that needs pow() in every draw.
#pragma once
#include <cstdint>
#include <vector>

#include "common/workload/draws.h"

namespace nestwalk {

class ZipfRanks {
 public:
  // count >= 1, exponent > 0.
  ZipfRanks(std::uint64_t count, double exponent);

  std::uint64_t operator()(Draws& draws) const {
    for (;;) {
      const auto pick = draws.scaled(runs_.size());
      // No branch: which side of a column is taken cannot be predicted.
      const std::uint64_t from_alias = pick.fraction >= columns_[pick.whole].keep;
      const std::uint64_t chosen =
          pick.whole ^ ((pick.whole ^ columns_[pick.whole].alias) & (0 - from_alias));
      const Run& run = runs_[chosen];
      const auto place = draws.scaled(run.length);
      const std::uint64_t rank = run.first + place.whole;
      if (place.fraction < run.surely || accept(run, rank, place.fraction)) return rank - 1;
    }
  }

  std::size_t table_entries() const { return runs_.size(); }

 private:
  struct Run {
    std::uint64_t first = 1;   // rank, 1-based
    std::uint64_t length = 1;  // ranks
    std::uint64_t surely = 0;  // any rank of the run is accepted below this, in 2^-64
  };
  struct Column {
    std::uint64_t keep = 0;  // the run of the same index below this, in 2^-64, else the alias
    std::uint64_t alias = 0;
  };
  void cut_into_runs(std::uint64_t count);
  void build_alias_table(std::vector<double> weights);
  bool accept(const Run& run, std::uint64_t rank, std::uint64_t fraction) const;
  // (rank / first)^-exponent in units of 2^-64: the law's share of the hat at `rank`.
  std::uint64_t share(const Run& run, std::uint64_t rank) const;

  double exponent_;
  std::vector<Run> runs_;
  std::vector<Column> columns_;
};

}  // namespace nestwalk
