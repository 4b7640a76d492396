#include "common/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <numeric>

#include "common/cli/interruption.h"

namespace nestwalk::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds redraw_interval{200};
// Asking the clock takes longer than an access does, so it is asked every so many of them.
constexpr std::uint64_t clock_interval_accesses = 1 << 16;

}  // namespace

void draw_line(const std::string& text) {
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
}

std::string short_count(double count) {
  if (count >= 1e9) return fmt::format("{:.1f} G", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.1f} M", count / 1e6);
  if (count >= 1e3) return fmt::format("{:.1f} k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

Progress::Progress(unsigned vcpus, Options options)
    : options_(std::move(options)), issued_(vcpus), begun_(Clock::now()), shown_(begun_) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (drawn_) draw_line("");
  drawn_ = false;
}

bool Progress::stop_requested() { return interrupted(); }

std::uint64_t Progress::issued() const {
  return std::accumulate(issued_.begin(), issued_.end(), std::uint64_t{0});
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begun_).count();
}

void Progress::progress(unsigned vcpu, std::uint64_t issued) {
  issued_[vcpu] = issued;
  told_ += 256;
  if (told_ < clock_interval_accesses) return;
  told_ = 0;
  const Clock::time_point now = Clock::now();
  if (now - shown_ < redraw_interval) return;
  shown_ = now;
  show();
}

void Progress::show() {
  const std::uint64_t done = issued();
  if (options_.pipe >= 0) {
    const std::string line = fmt::format("{}\n", done);
    // Progress is a courtesy: if nobody reads it, the run goes on.
    [[maybe_unused]] const ssize_t written = write(options_.pipe, line.data(), line.size());
    return;
  }
  if (!options_.terminal) return;
  const double rate = static_cast<double>(done) / seconds();
  const std::string share =
      options_.total_accesses
          ? fmt::format(", {:.0f} %", 100.0 * static_cast<double>(done) /
                                          static_cast<double>(options_.total_accesses))
          : "";
  draw_line(fmt::format("{}: {} accesses{}, {}/s", options_.name,
                        short_count(static_cast<double>(done)), share, short_count(rate)));
  drawn_ = true;
}

}  // namespace nestwalk::cli
