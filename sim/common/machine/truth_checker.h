// Compares every translation that the machine makes with what the tables of guest and host, put
// together, say. A difference is legal only while software is changing the mapping.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/machine/run_control.h"
#include "common/machine/virtual_machine.h"

namespace nestwalk {

class TruthChecker final : public TranslationListener {
 public:
  explicit TruthChecker(VirtualMachine& vm) : vm_(vm) {}
  void translated(unsigned vcpu, std::uint16_t space, Va va, Pa pa) override;

  std::uint64_t checked() const { return checked_; }
  std::uint64_t legally_stale() const { return legally_stale_; }
  // One line for each of the first violations; empty: none.
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  VirtualMachine& vm_;
  std::uint64_t checked_ = 0, legally_stale_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace nestwalk
