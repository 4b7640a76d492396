#include "common/cpu/explorer.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/random.h"
#include "common/base/user_error.h"

namespace nestwalk {
namespace {

using What = OrderFailure::What;

// One choice of a depth-first search.
struct Node {
  std::vector<Option> options;
  std::size_t chosen = 0;
  Touch acted{};  // what that action turned out to concern: before an act begins, it is not known
  std::vector<Option> asleep;  // need not be chosen here: tried, or covered by an earlier order

  bool sleeps(const Option& option) const {
    return std::any_of(asleep.begin(), asleep.end(),
                       [&](const Option& other) { return other.actor == option.actor; });
  }
  // The next that is awake, from the actor `first` on and round; false: none is.
  bool choose(unsigned first) {
    std::optional<std::size_t> lowest, wanted;
    for (std::size_t i = options.size(); i-- > 0;) {
      if (sleeps(options[i])) continue;
      lowest = i;
      if (options[i].actor >= first) wanted = i;
    }
    if (!lowest) return false;
    chosen = wanted.value_or(*lowest);
    return true;
  }
  unsigned actor() const { return options[chosen].actor; }
};

// Who still sleeps behind the choice of `node`: those whom that action does not concern.
std::vector<Option> asleep_behind(const Node& node) {
  std::vector<Option> asleep;
  for (const Option& option : node.asleep)
    if (independent(option.touch, node.acted)) asleep.push_back(option);
  return asleep;
}

}  // namespace

Explorer::RunResult Explorer::run(const Choose& choose) const {
  const std::unique_ptr<Trial> trial = make_();
  const std::unique_ptr<Schedule> schedule = trial->schedule();  // ends before its world does
  Order order;
  std::string broken;
  RunResult result;
  const auto fails = [&](What what, std::string text) {
    result.failure = OrderFailure{what, std::move(text), order};
    return result;
  };
  try {
    result.end = schedule->run([&](const std::vector<Option>& options) {
      broken = trial->broken();
      const auto chosen = broken.empty() ? choose(options, schedule->acted()) : std::nullopt;
      if (chosen) order.push_back(options[*chosen].actor);
      return chosen;
    });
  } catch (const std::exception& thrown) {
    return fails(What::thrown, thrown.what());
  }
  result.last = schedule->acted();
  if (broken.empty()) broken = trial->broken();
  if (!broken.empty()) return fails(What::broken, broken);
  if (result.end == RunEnd::deadlock || result.end == RunEnd::paused)
    return fails(What::deadlock, "nobody can go on: " + schedule->where());
  if (result.end == RunEnd::no_progress)
    return fails(What::no_progress, "no end in sight: " + schedule->where());
  if (result.end == RunEnd::finished)
    if (std::string text = trial->broken_at_end(); !text.empty())
      return fails(What::broken_at_end, std::move(text));
  return result;
}

Exploration Explorer::depth_first(std::uint64_t most_runs, bool sleep_sets) const {
  Exploration result;
  std::vector<Node> path;
  while (result.runs < most_runs) {
    std::size_t depth = 0;
    const RunResult ran = run(
        [&](const std::vector<Option>& options, const Touch& last) -> std::optional<std::size_t> {
          if (depth) path[depth - 1].acted = last;
          if (depth == path.size()) {
            Node node{options, 0, {}, {}};
            if (sleep_sets && depth) node.asleep = asleep_behind(path.back());
            if (!node.choose(depth ? path.back().actor() : 0)) return std::nullopt;
            path.push_back(std::move(node));
          }
          return path[depth++].chosen;
        });
    ++(ran.end == RunEnd::abandoned && !ran.failure ? result.pruned : result.runs);
    if (ran.failure) {
      result.failure = ran.failure;
      return result;
    }
    if (!path.empty()) path.back().acted = ran.last;
    for (;; path.pop_back()) {
      if (path.empty()) {
        result.complete = true;
        return result;
      }
      Node& last = path.back();
      last.asleep.push_back({last.actor(), last.acted});
      if (last.choose(last.actor())) break;
    }
  }
  return result;
}

Exploration Explorer::all_orders(std::uint64_t most_runs) const {
  return depth_first(most_runs, false);
}

Exploration Explorer::all_but_equivalent(std::uint64_t most_runs) const {
  return depth_first(most_runs, true);
}

Exploration Explorer::random_orders(std::uint64_t runs, std::uint64_t seed) const {
  Exploration result;
  Random random(seed);
  while (result.runs < runs && !result.failure) {
    ++result.runs;
    result.failure = run([&](const std::vector<Option>& options, const Touch&) {
                       return std::optional<std::size_t>(random.below(options.size()));
                     }).failure;
  }
  return result;
}

std::optional<OrderFailure> Explorer::replay(const Order& order) const {
  std::size_t at = 0;
  return run([&](const std::vector<Option>& options, const Touch&) -> std::optional<std::size_t> {
           if (at == order.size()) return 0;
           const unsigned actor = order[at++];
           const auto found =
               std::find_if(options.begin(), options.end(),
                            [&](const Option& option) { return option.actor == actor; });
           if (found == options.end())
             throw UserErrors(UserError{"", 0, "",
                                        fmt::format("action {} of the order {} is actor {}'s, who "
                                                    "cannot act then",
                                                    at, order_text(order), actor)});
           return static_cast<std::size_t>(found - options.begin());
         })
      .failure;
}

}  // namespace nestwalk
