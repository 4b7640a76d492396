#include "common/cli/child_pool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "common/cli/interruption.h"
#include "common/cli/program.h"
#include "common/cli/progress.h"

namespace nestwalk::cli {

ChildPool::ChildPool(std::filesystem::path executable, const std::vector<ChildTask>& tasks,
                     unsigned jobs)
    : executable_(std::move(executable)),
      tasks_(tasks),
      jobs_(jobs ? jobs : std::max(1u, std::thread::hardware_concurrency())) {}

void ChildPool::run() {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    start_more();
    for (Child& child : children_) child.poll();
    if (running() == 0 && (children_.size() == tasks_.size() || interrupted())) break;
    if (terminal)
      draw_line(progress_text(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (terminal) draw_line("");
}

std::size_t ChildPool::running() const {
  return static_cast<std::size_t>(std::count_if(children_.begin(), children_.end(),
                                                [](const Child& c) { return c.running(); }));
}

void ChildPool::start_more() {
  while (!interrupted() && children_.size() < tasks_.size() && running() < jobs_)
    children_.emplace_back(executable_, tasks_[children_.size()].arguments);
}

std::string ChildPool::progress_text(double seconds) const {
  double accesses = 0;
  std::string names;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    accesses += static_cast<double>(children_[i].accesses());
    if (children_[i].running()) names += " " + tasks_[i].name;
  }
  return fmt::format("{} of {} runs done; {} accesses, {}/s; running{}",
                     children_.size() - running(), tasks_.size(), short_count(accesses),
                     short_count(accesses / std::max(seconds, 0.001)), names);
}

int report_failures(const std::vector<ChildTask>& tasks, const std::vector<Child>& children) {
  int status = status_ok;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Child& child = children[i];
    if (child.status() == status_ok) continue;
    std::cerr << "nestwalk: the run of " << tasks[i].name << " failed (exit status "
              << child.status() << "):\n"
              << child.errors();
    status = std::max(status, child.status());
  }
  if (status == status_ok || status == status_user_error) return status;
  return status_failed;
}

}  // namespace nestwalk::cli
