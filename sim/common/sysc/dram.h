// DRAM: channels with a data bus each (dram_channel.h), among which lines are dealt out
// (dram_address.h). Who reads a line does not matter: table entries queue like data.
#pragma once
#include <systemc>
#include <vector>

#include "common/sysc/agenda.h"
#include "common/sysc/dram_channel.h"

namespace nestwalk {

class Dram : public sc_core::sc_module {
 public:
  Dram(sc_core::sc_module_name name, Agenda& agenda, const DramSpec& spec,
       std::uint32_t line_bytes);
  // Passes the time that one line takes on `me`, all waiting included. `line`: its physical address
  // divided by the bytes of a line.
  void access(Strand& me, std::uint64_t line);

  DramCounts counts() const;  // of all channels
  // What all data buses together carry if they never rest.
  double peak_bytes_per_cycle() const;
  // Once all accesses are done, at `end`: NW_CHECKs that no bus did more than there was time for,
  // and that each line was carried once.
  void check(Cycles end) const;

 private:
  Agenda& agenda_;
  DramSpec spec_;
  std::uint32_t line_bytes_;
  DramAddress address_;
  std::vector<DramChannel> channels_;
};

}  // namespace nestwalk
