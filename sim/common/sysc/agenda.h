// The order in which simulated things happen. Every SystemC thread that carries work is a strand
// with a clock of its own, which may run ahead of the kernel's. Before a strand touches anything
// that another could see or change, it reaches its local time on the agenda: it goes on at once if
// no other strand is due earlier, and else hands over to the one that is. So everything happens in
// the order (time, strand), however far the clocks have run ahead: exactly that of yielding to the
// kernel at every step, which is what Sync::strict does. SystemC leaves the order of processes
// within one delta cycle open (IEEE 1666-2011, 4.2.1.2); the strand's number settles it here.
#pragma once
#include <cstdint>
#include <deque>
#include <queue>
#include <systemc>
#include <vector>

#include "common/base/check.h"
#include "common/base/cycles.h"

namespace nestwalk {

enum class Sync : std::uint8_t { lazy, strict };

class Agenda;

class Strand {
 public:
  Cycles now() const { return now_; }
  // Passes time on this strand's own clock; nothing else is seen or changed by that.
  void pass(Cycles cycles) { now_ += cycles; }
  void pass_until(Cycles time) {
    if (time > now_) now_ = time;
  }

 private:
  friend class Agenda;
  Cycles now_ = 0;
  std::uint32_t number_ = 0;
  sc_core::sc_event turn_;
};

class Agenda {
 public:
  Agenda(Sync sync, sc_core::sc_time cycle) : sync_(sync), cycle_(cycle) {}

  // Before simulation starts: every strand, in the order in which ties are settled.
  void enlist(Strand& strand);
  // First and last thing on a strand's SystemC thread. start() returns at time 0, in turn.
  void start(Strand& me);
  void finish(Strand& me);

  // Returns when nothing else is due before me.
  void reach(Strand& me) {
    if (sync_ == Sync::lazy && (due_.empty() || key(me) < due_.top())) return;
    yield(me);
  }
  // As reach(), for state that others can reach only `lookahead` cycles after they act. In that
  // very cycle it is their turn: who comes first then is not known yet.
  void reach_private(Strand& me, Cycles lookahead) {
    if (sync_ == Sync::lazy && (due_.empty() || me.now_ < (due_.top() >> number_bits) + lookahead))
      return;
    yield(me);
  }
  // What I touch now, others may touch: nothing may be due in an earlier cycle. (In the same one
  // may be whom I have just woken.) Checked in builds with NESTWALK_CHECK_TURNS (those with
  // sanitizers); elsewhere a forgotten reach() would be luck.
  void in_turn([[maybe_unused]] const Strand& me) const {
#ifdef NESTWALK_CHECK_TURNS
    NW_CHECK(due_.empty() || me.now_ <= due_.top() >> number_bits,
             "strand {} touches at cycle {} what another, due earlier, may touch", me.number_,
             me.now_);
#endif
  }
  // Gives way until another strand wakes me; my clock is then at least the waker's time.
  void block(Strand& me);
  // Makes a blocked strand due at `time`, not before the caller's own time.
  void wake(Strand& other, Cycles time);

  // The time of the strand that runs (for who has nothing but the machine: a failing check).
  Cycles now() const { return running_ ? running_->now_ : 0; }

  // Strands blocked for good when the simulation has ended are not an error; those in the middle of
  // an access are. For the owner to tell.
  Sync sync() const { return sync_; }

 private:
  static constexpr unsigned number_bits = 13;  // 8191 strands, 2^51 cycles
  std::uint64_t key(const Strand& strand) const {
    return strand.now_ << number_bits | strand.number_;
  }
  void yield(Strand& me);
  void hand_over(Strand* me);  // to the earliest strand on the agenda

  Sync sync_;
  sc_core::sc_time cycle_;
  std::vector<Strand*> strands_;
  std::size_t started_ = 0;
  const Strand* running_ = nullptr;
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> due_;
};

// A resource with a number of equal slots (walkers, miss registers, a lock), granted first come,
// first served.
class FifoSlots {
 public:
  FifoSlots(Agenda& agenda, unsigned slots) : agenda_(agenda), free_(slots) {}
  void acquire(Strand& me) {
    agenda_.reach(me);
    if (free_) {
      --free_;
      return;
    }
    waiting_.push_back(&me);
    agenda_.block(me);
  }
  void release(Strand& me) {
    agenda_.reach(me);
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    Strand* next = waiting_.front();
    waiting_.pop_front();
    agenda_.wake(*next, me.now());
  }

 private:
  Agenda& agenda_;
  unsigned free_;
  std::deque<Strand*> waiting_;
};

}  // namespace nestwalk
