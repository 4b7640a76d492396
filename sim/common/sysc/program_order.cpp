#include "common/sysc/program_order.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace nestwalk {

void ProgramOrder::leave(Job& job, Strand& me) {
  agenda_.in_turn(me);
  jobs_.erase(std::find(jobs_.begin(), jobs_.end(), &job));
  if (jobs_.empty() || !jobs_.front()->waits) return;
  agenda_.wake(*jobs_.front()->waits, me.now());
  jobs_.front()->waits = nullptr;
}

bool ProgramOrder::wait_for_older(Strand& me, Job& job) {
  agenda_.reach(me);
  while (job.fate == Fate::under_way && jobs_.front() != &job) {
    job.waits = &me;
    agenda_.block(me);
  }
  return job.fate == Fate::under_way;
}

void ProgramOrder::begin_software(Strand& me) {
  agenda_.reach(me);
  NW_CHECK(!software_runs_, "software begins on a vCPU that runs software, at cycle {}", me.now());
  software_runs_ = true;
  for (Job* job : jobs_) {
    in_flight_.leave(job->passage, me);
    if (job == jobs_.front()) continue;
    job->fate = Fate::undone;  // one that waits to be the oldest now waits for software to end
  }
}

void ProgramOrder::end_software(Strand& me) {
  agenda_.reach(me);
  software_runs_ = false;
  Cycles at = me.now();
  for (Job* job : jobs_)
    if (job->waits) agenda_.wake(*std::exchange(job->waits, nullptr), at += issue_interval_cycles_);
  if (issuer_) agenda_.wake(*std::exchange(issuer_, nullptr), at + issue_interval_cycles_);
}

void ProgramOrder::wait_for_software(Strand& me, Job& job) {
  agenda_.reach(me);
  while (software_runs_) {
    job.waits = &me;
    agenda_.block(me);
  }
}

void ProgramOrder::wait_for_software(Strand& issuer) {
  issuer_ = &issuer;
  agenda_.block(issuer);
}

}  // namespace nestwalk
