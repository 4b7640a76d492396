// Runs the acts of a few vCPUs in many orders and looks for one that breaks something. Each run
// begins from a fresh world (stateless search: Godefroid, Model Checking for Programming Languages
// using VeriSoft, POPL 1997). Sleep sets (Godefroid, Partial-Order Methods, LNCS 1032, ch. 5) leave
// out orders that differ only in actions that are independent (touch.h). They are right only for
// acts that say by Cpu::visit what else than memory and locks they share.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/cpu/order.h"
#include "common/cpu/schedule.h"

namespace nestwalk {

// One world and what is done in it.
class Trial {
 public:
  virtual ~Trial() = default;
  // The memory, and with it hardware and observer, of the schedule; then its acts.
  virtual std::unique_ptr<Schedule> schedule() = 0;
  // Asked after each action, and at the end; what is wrong, or nothing.
  virtual std::string broken() const { return {}; }
  virtual std::string broken_at_end() const { return {}; }
};
using MakeTrial = std::function<std::unique_ptr<Trial>()>;

struct OrderFailure {
  enum class What : std::uint8_t { broken, broken_at_end, deadlock, no_progress, thrown };
  What what = What::broken;
  std::string text;
  Order order;  // replays it
};

struct Exploration {
  std::uint64_t runs = 0;               // orders tried to their end, the failing one included
  std::uint64_t pruned = 0;             // runs given up because another order leads to the same
  bool complete = false;                // there is no other order
  std::optional<OrderFailure> failure;  // the first; the search ends with it
};

class Explorer {
 public:
  explicit Explorer(MakeTrial make) : make_(std::move(make)) {}

  // Depth first, the vCPU that acted last first. Ends after `most_runs` at the latest.
  Exploration all_orders(std::uint64_t most_runs) const;
  Exploration all_but_equivalent(std::uint64_t most_runs) const;
  // Each choice is drawn evenly among those who can act.
  Exploration random_orders(std::uint64_t runs, std::uint64_t seed) const;
  // This order, and when it ends before the acts do, the lowest actor that can act. Nothing has
  // failed: nothing. An actor that cannot act when it should is a failure (UserErrors).
  std::optional<OrderFailure> replay(const Order& order) const;

 private:
  struct RunResult {
    RunEnd end = RunEnd::finished;
    std::optional<OrderFailure> failure;
    Touch last{};
  };
  // `last`: what the action before concerned.
  using Choose = std::function<std::optional<std::size_t>(const std::vector<Option>& options,
                                                          const Touch& last)>;
  RunResult run(const Choose& choose) const;
  Exploration depth_first(std::uint64_t most_runs, bool sleep_sets) const;

  MakeTrial make_;
};

}  // namespace nestwalk
