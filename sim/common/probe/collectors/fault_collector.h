// Faults handled by guest and host software, and TLB shootdowns.
#pragma once
#include <array>

#include "common/probe/collectors/categories_agree.h"
#include "common/probe/events.h"
#include "common/results/results.h"

namespace nestwalk {

class FaultCollector final : public Observer {
 public:
  using Observer::on;
  void on(const FaultHandled& event) override {
    Faults& faults = faults_[index_of(event.side)];
    if (event.spurious) {
      faults.spurious.add(event.latency_cycles);
      faults.spurious_host_cycles += event.host_cycles;
    } else {
      ++faults.by_page[event.page_lg2];
      faults.latency.add(event.latency_cycles);
      faults.host_cycles += event.host_cycles;
    }
  }
  void on(const ShootdownDone& event) override {
    shootdowns_.targets += event.targets;
    shootdowns_.latency.add(event.latency_cycles);
  }

  // Fills faults and shootdowns.
  void fill(Results& results) const {
    results.faults = faults_;
    results.shootdowns = shootdowns_;
  }

 private:
  std::array<Faults, 2> faults_;
  Shootdowns shootdowns_;
};

}  // namespace nestwalk
