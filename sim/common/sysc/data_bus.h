// The data bus of a DRAM channel: bursts of one length, of which no two overlap. A request books
// its burst when it arrives, for the first gap not before its data is ready, so that one whose row
// is open passes another that waits for its bank. Bookings are in 1024ths of a cycle: a burst is
// seldom a whole number of them, and rounding would change the bandwidth by some per cent.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/cycles.h"

namespace nestwalk {

class DataBus {
 public:
  // 0 is a bus that is never busy.
  explicit DataBus(double burst_cycles);

  struct Burst {
    Cycles begins = 0;  // rounded down
    Cycles ends = 0;    // rounded up
  };
  // Not before `ready`. Calls come in the order of `now`, and `now` <= `ready`.
  Burst book(Cycles now, Cycles ready);

  std::uint64_t bursts() const { return bursts_; }
  Cycles burst_cycles() const { return round_up(burst_); }  // of one that begins with a cycle
  Cycles busy_cycles() const { return bursts_ * burst_ >> unit_lg2; }  // rounded down

 private:
  static constexpr unsigned unit_lg2 = 10;
  static Cycles round_up(std::uint64_t units) {
    return (units + (std::uint64_t{1} << unit_lg2) - 1) >> unit_lg2;
  }
  struct Busy {  // in units
    std::uint64_t begin, end;
  };

  std::uint64_t burst_;
  std::vector<Busy> busy_;  // in order of time, apart from each other; none is over
  std::uint64_t bursts_ = 0;
};

}  // namespace nestwalk
