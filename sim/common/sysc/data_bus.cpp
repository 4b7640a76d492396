#include "common/sysc/data_bus.h"

#include <algorithm>
#include <cmath>

namespace nestwalk {

DataBus::DataBus(double burst_cycles)
    : burst_(static_cast<std::uint64_t>(std::llround(std::ldexp(burst_cycles, unit_lg2)))) {}

DataBus::Burst DataBus::book(Cycles now, Cycles ready) {
  ++bursts_;
  if (burst_ == 0) return {ready, ready};
  const std::uint64_t present = now << unit_lg2;
  const auto first = std::find_if(busy_.begin(), busy_.end(),
                                  [&](const Busy& busy) { return busy.end > present; });
  busy_.erase(busy_.begin(), first);
  std::uint64_t begin = ready << unit_lg2;
  auto next = busy_.begin();  // the first that the new burst comes before
  for (; next != busy_.end() && next->begin < begin + burst_; ++next)
    begin = std::max(begin, next->end);
  const std::uint64_t end = begin + burst_;
  const bool joins_previous = next != busy_.begin() && std::prev(next)->end == begin;
  const bool joins_next = next != busy_.end() && next->begin == end;
  if (joins_previous && joins_next) {
    std::prev(next)->end = next->end;
    busy_.erase(next);
  } else if (joins_previous) {
    std::prev(next)->end = end;
  } else if (joins_next) {
    next->begin = begin;
  } else {
    busy_.insert(next, {begin, end});
  }
  return {begin >> unit_lg2, round_up(end)};
}

}  // namespace nestwalk
