// One level of cache: an array of lines, ports and miss registers (MSHRs). A miss holds a register
// until its line has come; accesses to a line on its way wait for it instead of asking again. Lines
// are tags only. Write-backs, coherence between private caches and prefetching are left out.
#pragma once
#include <optional>
#include <systemc>
#include <vector>

#include "common/base/address.h"
#include "common/mmu/machine_spec.h"
#include "common/probe/events.h"
#include "common/probe/memory_counts.h"
#include "common/sysc/agenda.h"
#include "common/sysc/dram.h"
#include "common/tlb/assoc_array.h"

namespace nestwalk {

// What lies below a cache: another cache or DRAM. A chain, walked by recursion.
class LineSource {
 public:
  virtual ~LineSource() = default;
  // Brings one line: passes the time that takes on `me` and says who had it.
  virtual RefServed bring(Strand& me, std::uint64_t line) = 0;
  // The line will be asked for soon: brings the host's own memory near. Nothing is simulated.
  virtual void prefetch(std::uint64_t /*line*/) const {}
};

class DramPort final : public LineSource {
 public:
  explicit DramPort(Dram& dram) : dram_(dram) {}
  RefServed bring(Strand& me, std::uint64_t line) override {
    dram_.access(me, line);
    return RefServed::dram;
  }

 private:
  Dram& dram_;
};

class Cache : public sc_core::sc_module, public LineSource {
 public:
  // `level`: how results name this cache. `below` outlives it.
  Cache(sc_core::sc_module_name name, Agenda& agenda, const CacheSpec& spec, unsigned line_lg2,
        RefServed level, LineSource& below, std::uint64_t seed);

  RefServed bring(Strand& me, std::uint64_t line) override;
  void prefetch(std::uint64_t line) const override {
    lines_.prefetch(set_of(line));
    below_.prefetch(line);
  }
  // A hit in the cycle `now`: counts as one and returns its latency, the wait for a port included.
  // Nothing: no hit, and nothing has happened.
  std::optional<Cycles> hit(Cycles now, std::uint64_t line);

  const CacheCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    Strand* strand;
    RefServed* served;
  };
  struct Miss {
    std::uint64_t line;
    std::vector<Waiting> waiting;
  };
  Cycles wait_for_port(Cycles now);
  std::size_t set_of(std::uint64_t line) const {
    if (spec_.set_index == SetIndex::plain) return lines_.set_of(line);
    // A multiplicative hash (Knuth 6.4), whose upper half depends on all bits of the line.
    return lines_.set_of(line * 0x9e3779b97f4a7c15 >> 32);
  }

  Agenda& agenda_;
  CacheSpec spec_;
  RefServed level_;
  LineSource& below_;
  AssocArray lines_;
  FifoSlots registers_;
  std::vector<Miss*> in_flight_;
  Cycles port_cycle_ = 0;        // the cycle whose ports are being given out
  std::uint32_t port_used_ = 0;  // how many of them are gone
  CacheCounts counts_;
};

}  // namespace nestwalk
