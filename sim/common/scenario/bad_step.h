// A step that cannot be made on this machine: the user's mistake.
#pragma once
#include <stdexcept>

namespace nestwalk::scenario {

class BadStep : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace nestwalk::scenario
