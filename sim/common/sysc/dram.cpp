#include "common/sysc/dram.h"

namespace nestwalk {

Dram::Dram(sc_core::sc_module_name name, Agenda& agenda, const DramSpec& spec,
           std::uint32_t line_bytes)
    : sc_module(name),
      agenda_(agenda),
      spec_(spec),
      line_bytes_(line_bytes),
      address_(spec, line_bytes),
      channels_(spec.channels, DramChannel(spec, line_bytes)) {}

void Dram::access(Strand& me, std::uint64_t line) {
  agenda_.reach(me);
  const DramPlace place = address_.place_of(line);
  me.pass_until(channels_[place.channel].read(me.now(), place));
}

DramCounts Dram::counts() const {
  DramCounts sum;
  for (const DramChannel& channel : channels_) sum = sum + channel.counts();
  return sum;
}

double Dram::peak_bytes_per_cycle() const {
  return spec_.channels * line_bytes_ / spec_.burst_cycles;
}

void Dram::check(Cycles end) const {
  for (const DramChannel& channel : channels_) channel.check(end);
}

}  // namespace nestwalk
