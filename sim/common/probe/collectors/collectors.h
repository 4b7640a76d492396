// All collectors behind one observer: what a run attaches to its machine. Several vCPUs share one;
// their events may come in any order, but from one thread.
#pragma once
#include "common/probe/collectors/access_collector.h"
#include "common/probe/collectors/fault_collector.h"
#include "common/probe/collectors/walk_collector.h"

namespace nestwalk {

class Collectors final : public Observer {
 public:
  void on(const AccessDone& event) override { accesses_.on(event); }
  bool merges_equal_accesses() const override { return true; }
  void on(const Reference& event) override { walks_.on(event); }
  void on(const WalkDone& event) override { walks_.on(event); }
  void on(const FaultHandled& event) override { faults_.on(event); }
  void on(const ShootdownDone& event) override { faults_.on(event); }

  // Fills all that events tell. Left to the caller: meta, instructions, memory and host.
  void fill(Results& results) const {
    accesses_.fill(results);
    walks_.fill(results);
    faults_.fill(results);
  }

 private:
  AccessCollector accesses_;
  WalkCollector walks_;
  FaultCollector faults_;
};

}  // namespace nestwalk
