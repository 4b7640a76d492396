// The accesses under way on one vCPU in program order, and whether its program runs or privileged
// software. Exceptions are precise: a fault is taken when every older access has happened, and no
// younger one under way has. Those are undone: what their walks bring stays in the caches, as
// speculation leaves it there, but they issue again, and their time begins anew, when the handler
// has returned. So a handler's cycles belong to one access, its faults come in program order
// however many accesses are in flight, and nobody waits for an access that waits for software.
// Accesses that hit in their issue cycle have happened when they issue, also before an older one
// that then faults.
#pragma once
#include <vector>

#include "common/sysc/in_flight.h"
#include "common/sysc/job.h"

namespace nestwalk {

class ProgramOrder {
 public:
  ProgramOrder(Agenda& agenda, InFlight& in_flight, Cycles issue_interval_cycles)
      : agenda_(agenda), in_flight_(in_flight), issue_interval_cycles_(issue_interval_cycles) {}

  void enter(Job& job) { jobs_.push_back(&job); }  // the youngest
  void leave(Job& job, Strand& me);                // it has happened, or never will
  // Until every older access has left (true), or `job` has been undone (false): then until no
  // software runs.
  bool wait_for_older(Strand& me, Job& job);

  // Privileged software takes the vCPU, for the oldest access or between accesses. Undoes the rest.
  void begin_software(Strand& me);
  // Those that wait go on in program order, one each issue interval; then the issuer.
  void end_software(Strand& me);
  bool software_runs() const { return software_runs_; }
  const std::vector<Job*>& under_way() const { return jobs_; }  // the oldest first
  // Until no software runs: an access under way; what issues the next.
  void wait_for_software(Strand& me, Job& job);
  void wait_for_software(Strand& issuer);

 private:
  Agenda& agenda_;
  InFlight& in_flight_;
  std::vector<Job*> jobs_;  // the oldest first
  Cycles issue_interval_cycles_;
  bool software_runs_ = false;
  Strand* issuer_ = nullptr;  // waits for software to end
};

}  // namespace nestwalk
