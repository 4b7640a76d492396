// How the outside world and a running simulation meet: interruption, progress, warm-up, the check
// of every translation against the truth.
#pragma once
#include <cstdint>

#include "common/base/address.h"

namespace nestwalk {

class RunControl {
 public:
  virtual ~RunControl() = default;
  // Asked every few hundred accesses; true ends the run early.
  virtual bool stop_requested() { return false; }
  // Told every few hundred accesses how many this vCPU has issued.
  virtual void progress(unsigned /*vcpu*/, std::uint64_t /*issued*/) {}
  // Accesses of each vCPU that come before statistics begin.
  virtual std::uint64_t warmup_accesses() const { return 0; }
};

// Told of every completed translation, in no simulated time.
class TranslationListener {
 public:
  virtual ~TranslationListener() = default;
  virtual void translated(unsigned vcpu, std::uint16_t space, Va va, Pa pa) = 0;
};

}  // namespace nestwalk
