// One channel of DRAM: banks that each keep a row open, and the data bus that they share. Times are
// those of JEDEC's standards (JESD79-4 for DDR4, JESD79-5 for DDR5), in cycles of the cores:
//
//   row open           column command, tCL, burst
//   no row open        activate, tRCD, then as above
//   another row open   precharge (not before activate + tRAS), tRP, then as above
//
// Commands to a bank are first come, first served, and each channel's bursts queue for its bus;
// nothing else is waited for. Requests come in order of time, so each is booked when it arrives.
// Every tREFI a rank refreshes: for tRFC its banks take no command, and their rows are closed
// then; ranks take turns.
//
// Left out: writes and their turnarounds; reordering in favour of open rows; rows closed because
// they are idle; bank groups (controllers alternate between them, so that columns follow each other
// at the bus's rate); tFAW (four activates in the time of four bursts, for devices of 4 bits);
// postponed refreshes.
#pragma once
#include <vector>

#include "common/mmu/machine_spec.h"
#include "common/probe/memory_counts.h"
#include "common/sysc/data_bus.h"
#include "common/sysc/dram_address.h"

namespace nestwalk {

class DramChannel {
 public:
  DramChannel(const DramSpec& spec, std::uint32_t line_bytes);

  // A line asked for at `now`: when it has come. Calls come in the order of `now`.
  Cycles read(Cycles now, const DramPlace& place);

  DramCounts counts() const;
  // As Dram::check().
  void check(Cycles end) const;

 private:
  struct Bank {
    std::uint64_t open_row = no_row;
    Cycles free_at = 0;       // the next command to it, not before
    Cycles activated_at = 0;  // the open row
    Cycles refreshes_at = 0;
  };
  static constexpr std::uint64_t no_row = ~std::uint64_t{0};

  Cycles after_refresh(Bank& bank, Cycles at) const;

  DramSpec spec_;
  std::uint32_t line_bytes_;
  std::vector<Bank> banks_;
  DataBus bus_;
  DramCounts counts_;  // but for those of the bus
};

}  // namespace nestwalk
