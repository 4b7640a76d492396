// Where warm-up ends: a vCPU that comes here waits for all others, so that what is measured begins
// on all of them in one cycle.
#pragma once
#include <functional>
#include <vector>

#include "common/sysc/agenda.h"

namespace nestwalk {

class StartingLine {
 public:
  // `begins` is called once, when all have come, at the cycle at which measuring begins.
  StartingLine(Agenda& agenda, unsigned vcpus, std::function<void()> begins)
      : agenda_(agenda), missing_(vcpus), begins_(std::move(begins)) {}

  // Every vCPU comes once: when its warm-up is done, and then goes on when all have come; or when
  // it has nothing left to do, and then does not wait.
  void arrive(Strand& me) {
    if (!come(me)) {
      waiting_.push_back(&me);
      agenda_.block(me);
    }
  }
  void retire(Strand& me) { come(me); }
  Cycles begun_cycle() const { return begun_cycle_; }

 private:
  bool come(Strand& me) {
    agenda_.reach(me);
    if (--missing_) return false;
    begun_cycle_ = me.now();
    begins_();
    for (Strand* strand : waiting_) agenda_.wake(*strand, me.now());
    waiting_.clear();
    return true;
  }

  Agenda& agenda_;
  unsigned missing_;
  std::function<void()> begins_;
  std::vector<Strand*> waiting_;
  Cycles begun_cycle_ = 0;
};

}  // namespace nestwalk
