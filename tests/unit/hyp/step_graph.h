// The graph of a step machine as its runs show it: which steps were taken, and that all runs end.
#pragma once
#include <set>
#include <utility>

namespace nestwalk::test {

template <class Path>
class StepGraph {
 public:
  using Step = typename Path::Step;
  // Runs the path to its end; false: it does not end.
  bool run(Path& path) {
    Step step = Path::first;
    for (int count = 0; count < 100; ++count) {
      visited_.insert(step);
      if (step == Step::done) return path.advance(Step::done) == Step::done;
      const Step next = path.advance(step);
      edges_.insert({step, next});
      step = next;
    }
    return false;
  }
  bool every_step_reached() const {
    return visited_.size() == static_cast<std::size_t>(Step::done) + 1;
  }
  bool went(Step from, Step to) const { return edges_.contains({from, to}); }
  std::size_t edges() const { return edges_.size(); }

 private:
  std::set<Step> visited_;
  std::set<std::pair<Step, Step>> edges_;
};

}  // namespace nestwalk::test
