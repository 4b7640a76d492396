// Attributes every cycle of one access to a span, by keeping the time up to which it has been
// attributed. Nothing can be lost or counted twice: charge() closes the gap to `now`.
#pragma once
#include "common/base/check.h"
#include "common/probe/events.h"

namespace nestwalk {

class SpanClock {
 public:
  void begin(Cycles now) {
    spans_ = {};
    begun_ = mark_ = now;
  }
  // Attributes the time since the last charge.
  void charge(Span span, Cycles now) {
    spans_[static_cast<std::size_t>(span)] += now - mark_;
    mark_ = now;
  }
  Cycles total() const { return mark_ - begun_; }
  Cycles begun() const { return begun_; }
  const Spans& spans() const { return spans_; }
  Cycles of(Span span) const { return spans_[static_cast<std::size_t>(span)]; }

 private:
  Spans spans_{};
  Cycles begun_ = 0, mark_ = 0;
};

}  // namespace nestwalk
