// Several runs, each in a process of its own, so many at a time, with one progress line.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "common/cli/child.h"

namespace nestwalk::cli {

struct ChildTask {
  std::string name;  // for the progress line
  std::vector<std::string> arguments;
};

class ChildPool {
 public:
  // `jobs` at a time; 0: one per processor. `tasks` outlives the pool.
  ChildPool(std::filesystem::path executable, const std::vector<ChildTask>& tasks, unsigned jobs);

  // Runs all of them; after an interruption starts no more, and returns when those that were
  // running have ended.
  void run();
  // Of the tasks that were started, in order.
  const std::vector<Child>& children() const { return children_; }

 private:
  std::size_t running() const;
  void start_more();
  std::string progress_text(double seconds) const;

  std::filesystem::path executable_;
  const std::vector<ChildTask>& tasks_;
  unsigned jobs_;
  std::vector<Child> children_;
};

// Tells on standard error which tasks have failed, with what they said. The exit status of all
// together: ok, a user's mistake, or failed.
int report_failures(const std::vector<ChildTask>& tasks, const std::vector<Child>& children);

}  // namespace nestwalk::cli
