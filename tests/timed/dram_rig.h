// A DRAM on its own, and the accesses of somebody who always has a number of them under way.
#pragma once
#include <deque>
#include <queue>
#include <systemc>
#include <vector>

#include "common/base/random.h"
#include "common/sysc/dram.h"

namespace nestwalk::test {

inline constexpr std::uint32_t line_bytes = 64;

// One channel of DDR4-3200AA (22-22-22, 8 Gb devices) for cores of 3.2 GHz: peak 8 bytes a cycle.
inline DramSpec ddr4_3200() {
  DramSpec spec;
  spec.ranks = 2;
  spec.banks = 16;
  spec.row_bytes = 8192;
  spec.fixed_cycles = 138;
  spec.trcd_cycles = spec.tcl_cycles = spec.trp_cycles = 44;
  spec.tras_cycles = 104;
  spec.burst_cycles = 8;
  spec.trefi_cycles = 24960;
  spec.trfc_cycles = 1120;
  return spec;
}
inline DramSpec without_refresh(DramSpec spec) {
  spec.trefi_cycles = spec.trfc_cycles = 0;
  return spec;
}

struct DramRig {
  explicit DramRig(const DramSpec& spec) : dram("dram", agenda, spec, line_bytes) {}
  // When the line asked for at `now` has come. Calls come in the order of `now`.
  Cycles read(Cycles now, std::uint64_t line) {
    Strand strand;
    strand.pass_until(now);
    dram.access(strand, line);
    return strand.now();
  }

  Agenda agenda{Sync::lazy, sc_core::sc_time(1, sc_core::SC_NS)};
  Dram dram;
};

struct Load {
  double bytes_per_cycle = 0;
  double mean_latency_cycles = 0;
};

enum class Pattern : std::uint8_t { sequential, random };

// The line of the i-th access.
inline std::uint64_t line_at(Pattern pattern, std::uint64_t i, Random& random) {
  return pattern == Pattern::sequential ? i : random.below(std::uint64_t{1} << 24);
}

// `outstanding` accesses are always under way: when the first of them is done, the next begins.
inline Load closed_loop(const DramSpec& spec, Pattern pattern, unsigned outstanding,
                        std::uint64_t accesses = 50'000) {
  DramRig rig(spec);
  Random random(7);
  std::priority_queue<Cycles, std::vector<Cycles>, std::greater<>> done;
  for (unsigned i = 0; i < outstanding; ++i) done.push(0);
  Cycles latency = 0, end = 0;
  for (std::uint64_t i = 0; i < accesses; ++i) {
    const Cycles now = done.top();
    done.pop();
    const Cycles ready = rig.read(now, line_at(pattern, i, random));
    latency += ready - now;
    end = std::max(end, ready);
    done.push(ready);
  }
  rig.dram.check(end);
  return {static_cast<double>(rig.dram.counts().bytes) / static_cast<double>(end),
          static_cast<double>(latency) / static_cast<double>(accesses)};
}

}  // namespace nestwalk::test
