#include "common/sysc/agenda.h"

#include "common/base/check.h"

namespace nestwalk {

void Agenda::enlist(Strand& strand) {
  strand.number_ = static_cast<std::uint32_t>(strands_.size());
  NW_CHECK(strand.number_ < 1u << number_bits, "{} strands", strands_.size());
  strands_.push_back(&strand);
}

void Agenda::start(Strand& me) {
  due_.push(key(me));
  if (++started_ < strands_.size()) {
    sc_core::wait(me.turn_);
    return;
  }
  hand_over(&me);
}

void Agenda::finish(Strand& me) {
  reach(me);
  hand_over(nullptr);
}

void Agenda::yield(Strand& me) {
  NW_CHECK(me.now_ < std::uint64_t{1} << (64 - number_bits), "simulated time overflows");
  due_.push(key(me));
  hand_over(&me);
}

void Agenda::block(Strand& me) {
  hand_over(nullptr);
  sc_core::wait(me.turn_);
}

void Agenda::wake(Strand& other, Cycles time) {
  other.pass_until(time);
  due_.push(key(other));
}

// The one place where cycles become sc_time. Lazily, the kernel's clock need not follow as long as
// the agenda is its only user: strands hand over within one evaluation phase.
void Agenda::hand_over(Strand* me) {
  if (due_.empty()) return;
  Strand& next = *strands_[due_.top() & ((1u << number_bits) - 1)];
  due_.pop();
  running_ = &next;
  if (sync_ == Sync::lazy) {
    if (&next == me) return;
    next.turn_.notify();
  } else {
    const auto due = sc_core::sc_time::from_value(cycle_.value() * next.now_);
    const sc_core::sc_time ahead = due - sc_core::sc_time_stamp();
    if (&next == me) {
      sc_core::wait(ahead);
      return;
    }
    next.turn_.notify(ahead);
  }
  if (me) sc_core::wait(me->turn_);
}

}  // namespace nestwalk
