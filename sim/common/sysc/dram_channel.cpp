#include "common/sysc/dram_channel.h"

#include <algorithm>

#include "common/base/check.h"

namespace nestwalk {

DramChannel::DramChannel(const DramSpec& spec, std::uint32_t line_bytes)
    : spec_(spec),
      line_bytes_(line_bytes),
      banks_(std::size_t{spec.ranks} * spec.banks),
      bus_(spec.burst_cycles) {
  for (std::size_t i = 0; i < banks_.size(); ++i)
    banks_[i].refreshes_at = spec.trefi_cycles * (i / spec.banks + 1) / spec.ranks;
}

// The first time from `at` on at which the bank takes a command. A refresh has closed its row.
inline Cycles DramChannel::after_refresh(Bank& bank, Cycles at) const {
  if (spec_.trefi_cycles == 0 || at < bank.refreshes_at) return at;
  const Cycles since = (at - bank.refreshes_at) % spec_.trefi_cycles;  // the latest one began
  bank.open_row = no_row;
  bank.refreshes_at = at - since + spec_.trefi_cycles;
  return since < spec_.trfc_cycles ? at - since + spec_.trfc_cycles : at;
}

Cycles DramChannel::read(Cycles now, const DramPlace& place) {
  Bank& bank = banks_[place.bank];
  Cycles column = after_refresh(bank, std::max(now, bank.free_at));  // when its command is given
  Cycles idle_cycles = spec_.fixed_cycles + spec_.tcl_cycles;
  if (bank.open_row == place.row) {
    ++counts_.row_hits;
  } else {
    Cycles activate = column;
    if (bank.open_row == no_row) {
      ++counts_.row_misses;
    } else {
      ++counts_.row_conflicts;
      activate = std::max(column, bank.activated_at + spec_.tras_cycles) + spec_.trp_cycles;
      idle_cycles += spec_.trp_cycles;
    }
    idle_cycles += spec_.trcd_cycles;
    bank.open_row = place.row;
    bank.activated_at = activate;
    column = activate + spec_.trcd_cycles;
  }
  const DataBus::Burst burst = bus_.book(now, column + spec_.tcl_cycles);
  bank.free_at = burst.begins - spec_.tcl_cycles;
  const Cycles done = burst.ends + spec_.fixed_cycles;
  counts_.latency_cycles += done - now;
  counts_.queueing_cycles += done - now - idle_cycles - bus_.burst_cycles();
  return done;
}

DramCounts DramChannel::counts() const {
  DramCounts counts = counts_;
  counts.bytes = bus_.bursts() * line_bytes_;
  counts.bus_busy_cycles = bus_.busy_cycles();
  return counts;
}

void DramChannel::check(Cycles end) const {
  NW_CHECK(bus_.busy_cycles() <= end, "a DRAM data bus was busy for {} cycles of {}",
           bus_.busy_cycles(), end);
  NW_CHECK(bus_.bursts() == counts_.accesses(), "a DRAM channel made {} bursts for {} accesses",
           bus_.bursts(), counts_.accesses());
}

}  // namespace nestwalk
