#include "common/sysc/cache.h"

#include <algorithm>

namespace nestwalk {

Cache::Cache(sc_core::sc_module_name name, Agenda& agenda, const CacheSpec& spec, unsigned line_lg2,
             RefServed level, LineSource& below, std::uint64_t seed)
    : sc_module(name),
      agenda_(agenda),
      spec_(spec),
      level_(level),
      below_(below),
      lines_({static_cast<std::uint32_t>(spec.bytes >> line_lg2), spec.ways, spec.replacement},
             seed),
      registers_(agenda, spec.mshrs) {}

// A lookup begins in the first cycle, not before `now`, that has a port left.
Cycles Cache::wait_for_port(Cycles now) {
  if (port_cycle_ < now) {
    port_cycle_ = now;
    port_used_ = 0;
  } else if (port_used_ == spec_.ports) {
    ++port_cycle_;
    port_used_ = 0;
  }
  ++port_used_;
  return port_cycle_ - now;
}

std::optional<Cycles> Cache::hit(Cycles now, std::uint64_t line) {
  const std::size_t slot = lines_.find(set_of(line), line);
  if (slot == AssocArray::none) return std::nullopt;
  lines_.used(slot);
  const Cycles latency = wait_for_port(now) + spec_.latency_cycles;
  ++counts_.hits;
  counts_.latency_cycles += latency;
  return latency;
}

RefServed Cache::bring(Strand& me, std::uint64_t line) {
  agenda_.reach(me);
  if (const auto latency = hit(me.now(), line)) {
    me.pass(*latency);
    return level_;
  }
  const Cycles arrived = me.now();
  for (Miss* miss : in_flight_)
    if (miss->line == line) {
      ++counts_.merged;
      RefServed served = RefServed::dram;
      miss->waiting.push_back({&me, &served});
      agenda_.block(me);
      counts_.latency_cycles += me.now() - arrived;
      return served;
    }
  ++counts_.misses;
  Miss miss{line, {}};
  in_flight_.push_back(&miss);
  registers_.acquire(me);
  me.pass(wait_for_port(me.now()) + spec_.latency_cycles);
  const RefServed served = below_.bring(me, line);
  agenda_.reach(me);
  lines_.fill(set_of(line), line);
  in_flight_.erase(std::find(in_flight_.begin(), in_flight_.end(), &miss));
  for (const Waiting& waiting : miss.waiting) {
    *waiting.served = served;
    agenda_.wake(*waiting.strand, me.now());
  }
  registers_.release(me);
  counts_.latency_cycles += me.now() - arrived;
  return served;
}

}  // namespace nestwalk
