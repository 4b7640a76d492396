// The break-before-make watch as the machine uses it: learns from the stores themselves where which
// table stands, so that every store can be judged by the input address and the height it is for.
#pragma once
#include <map>
#include <optional>

#include "arm64/bbm.h"
#include "arm64/features.h"
#include "common/cpu/table_watch.h"

namespace nestwalk::arm64 {

class BbmTableWatch final : public TableWatch {
 public:
  // `whose`: what reports call the tables. They are empty yet.
  BbmTableWatch(const BbmTables& tables, std::uint64_t root, TableReader read, std::string whose);

  void wrote(std::uint64_t at, std::uint64_t before, std::uint64_t after) override;
  void issued(const Invalidation& what) override { watch_.issued(what); }
  void completed(const Invalidation& what) override { watch_.completed(what); }
  const std::vector<std::string>& violations() const override { return violations_; }
  // Entries made while the invalidation of their predecessors was on its way.
  std::uint64_t overtaking() const { return watch_.overtaking(); }

 private:
  struct Table {
    std::uint64_t bytes = 0;
    std::uint64_t in = 0;  // the first input address it is for
    int height = 0;
  };
  bool same(std::uint64_t one, std::uint64_t other, unsigned lg2) const;
  void report(const BbmWatch::Violation& violation, std::uint64_t in, int height);

  TableGeometry geometry_;
  TableReader read_;
  std::string whose_;
  BbmWatch watch_;
  std::map<std::uint64_t, Table> tables_;  // by address
  std::vector<std::string> violations_;
};

}  // namespace nestwalk::arm64
