// Tells several observers what one is told.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "common/probe/events.h"

namespace nestwalk {

class FanOut final : public Observer {
 public:
  // They outlive this.
  explicit FanOut(std::vector<Observer*> observers) : observers_(std::move(observers)) {}

  void on(const AccessDone& event) override { tell(event); }
  void on(const Reference& event) override { tell(event); }
  void on(const WalkDone& event) override { tell(event); }
  void on(const FaultHandled& event) override { tell(event); }
  void on(const ShootdownDone& event) override { tell(event); }
  // Only if none of them wants each by itself.
  bool merges_equal_accesses() const override {
    return std::all_of(observers_.begin(), observers_.end(),
                       [](const Observer* each) { return each->merges_equal_accesses(); });
  }

 private:
  template <class Event>
  void tell(const Event& event) {
    for (Observer* each : observers_) each->on(event);
  }

  std::vector<Observer*> observers_;
};

}  // namespace nestwalk
