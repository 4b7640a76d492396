// The progress line of a run. On a terminal it is redrawn in place; else nothing is printed. A run
// started by `compare` writes its counts to a pipe instead, and compare draws one line for all.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/machine/run_control.h"

namespace nestwalk::cli {

class Progress final : public RunControl {
 public:
  struct Options {
    bool terminal = false;  // draw on standard error
    int pipe = -1;          // or write "done\n" counts here
    std::uint64_t warmup_accesses = 0;
    std::uint64_t total_accesses = 0;  // of all vCPUs; 0: not known
    std::string name;
  };
  Progress(unsigned vcpus, Options options);
  ~Progress() override;

  bool stop_requested() override;
  void progress(unsigned vcpu, std::uint64_t issued) override;
  std::uint64_t warmup_accesses() const override { return options_.warmup_accesses; }
  // Removes the line from the terminal.
  void clear();

  std::uint64_t issued() const;
  double seconds() const;

 private:
  void show();

  Options options_;
  std::vector<std::uint64_t> issued_;
  std::chrono::steady_clock::time_point begun_, shown_;
  std::uint64_t told_ = 0;
  bool drawn_ = false;
};

// Draws `text` on the terminal's current line; an empty one clears it.
void draw_line(const std::string& text);
// "12.3 M" for 12,300,000.
std::string short_count(double count);

}  // namespace nestwalk::cli
