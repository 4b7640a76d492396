// Software that writes down what a path does, in order, and can let something else happen at a
// chosen moment: what another vCPU does meanwhile.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/cpu/cost_table.h"
#include "common/cpu/software.h"

namespace nestwalk::test {

class ScriptedSoftware final : public Software {
 public:
  explicit ScriptedSoftware(PhysicalMemory& memory) : memory_(memory) {}

  void spend(Cycles cycles) override {
    spent += cycles;
    costs.push_back(cycles);
    if (during_spend) during_spend(cycles);
  }
  std::uint64_t load(Pa at, unsigned bytes) override {
    loads.push_back(at);
    return memory_.read(at, bytes);
  }
  void store(Pa at, unsigned bytes, std::uint64_t word) override {
    stores.push_back(at);
    stored_locked = stored_locked && depth_of_locks() > 0;
    memory_.write(at, bytes, word);
  }
  void lock(LockId id) override {
    twice |= held_[index(id)];
    held_[index(id)] = true;
    locks.push_back(id);
  }
  void unlock(LockId id) override {
    unmatched |= !held_[index(id)];
    held_[index(id)] = false;
  }
  void enter(Side side) override { sides.push_back(side); }
  void leave(Side side, const FaultEnd& end) override {
    unmatched |= sides.empty() || sides.back() != side;
    if (!sides.empty()) sides.pop_back();
    left.push_back({side, end.page_lg2, end.spurious});
  }
  // Every lock given back, every side left, none taken twice.
  bool balanced() const { return !unmatched && !twice && depth_of_locks() == 0 && sides.empty(); }

  struct Left {
    Side side;
    std::uint8_t page_lg2;
    bool spurious;
  };
  Cycles spent = 0;
  std::vector<Cycles> costs;
  std::vector<Pa> loads, stores;
  std::vector<LockId> locks;
  std::vector<Side> sides;
  std::vector<Left> left;
  bool stored_locked = true;  // every store so far was made under a lock
  bool unmatched = false, twice = false;
  std::function<void(Cycles)> during_spend;

 private:
  static std::size_t index(LockId id) { return static_cast<std::size_t>(id); }
  int depth_of_locks() const { return held_[0] + held_[1]; }
  PhysicalMemory& memory_;
  bool held_[lock_count] = {};
};

// Each named step costs its own number, so that a sum of costs tells which steps there were.
inline CostTable numbered_costs(const std::vector<std::string>& steps) {
  CostTable table;
  table.name = "numbered";
  Cycles cycles = 1;
  for (const std::string& step : steps) {
    table.steps[step] = {cycles, "assumed", "test"};
    cycles *= 10;
  }
  return table;
}

}  // namespace nestwalk::test
