// The walk's view of the timed machine: entries come through the caches, lookups cost their
// latency, and every cycle is attributed to a span.
#pragma once
#include "common/mmu/machine_spec.h"
#include "common/mmu/walk_port.h"
#include "common/sysc/agenda.h"
#include "common/sysc/cache.h"
#include "common/sysc/in_flight.h"
#include "common/sysc/span_clock.h"

namespace nestwalk {

// What the ports of one vCPU share.
struct PortSetting {
  Agenda& agenda;
  PhysicalMemory& memory;
  LineSource& walker_entry;  // where walkers' reads enter the caches
  LineSource& core_entry;    // where the core's own accesses do
  const MachineSpec& spec;
  unsigned line_lg2;
  Observer* const& observer;  // null while statistics are off
  std::uint16_t vcpu;
};

class TimedPort final : public WalkPort {
 public:
  // `walk`: what it reads for; null: an instruction.
  TimedPort(const PortSetting& setting, Strand& me, SpanClock& clock, const WalkUnderWay* walk)
      : set_(setting), me_(me), clock_(clock) {
    reads_for(walk);
  }

  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override;
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override;
  void lookup(Lookup which) override;
  bool wants_spared() const override { return set_.observer != nullptr; }
  void spared(RefPosition position, RefServed by) override {
    set_.observer->on(Reference{set_.vcpu, position, by, 0, me_.now(), Pa{}, 0});
  }
  unsigned reads() const { return reads_; }

 private:
  static Span span_of(RefPosition position) {
    return position.stage2_height == RefPosition::none ? Span::stage1_reads : Span::stage2_reads;
  }

  const PortSetting& set_;
  Strand& me_;
  SpanClock& clock_;
  unsigned reads_ = 0;
};

}  // namespace nestwalk
