// Translation hardware that holds something or nothing, and counts what it is told.
#pragma once
#include "common/cpu/instruction.h"

namespace nestwalk::test {

struct FakeHardware final : InstructionTarget {
  Executed execute(const Instruction&) override {
    ++executed;
    return traps ? Executed::trapped : Executed::done;
  }
  void invalidate(const std::vector<Invalidation>& what) override {
    for (const Invalidation& one : what)
      if (one.final_entries) cached = false;
  }
  bool cached = false, traps = false;
  int executed = 0;
};

}  // namespace nestwalk::test
