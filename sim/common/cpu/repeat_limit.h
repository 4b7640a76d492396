// Finds software that does the same again and again and comes no further: a vCPU that takes one
// exit for ever is told of, not run for ever.
#pragma once
#include <cstdint>

namespace nestwalk {

class RepeatLimit {
 public:
  // `limit`: how often in a row the same may come, at least 1.
  explicit RepeatLimit(std::uint32_t limit) : limit_(limit) {}

  // `what` has come, a number that tells apart what there is. Whether that was once too often.
  bool too_often(std::uint64_t what) {
    if (what != last_) count_ = 0;
    last_ = what;
    return ++count_ > limit_;
  }
  // Something has been achieved: counts anew.
  void progress() { count_ = 0; }

 private:
  std::uint32_t limit_, count_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace nestwalk
