#include "common/measure/measure_point.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/check.h"
#include "common/measure/repeat.h"

namespace nestwalk {
namespace {

// What the child tells through the pipe.
struct Message {
  bool measured = false;
  std::uint64_t obtained_page_bytes = 0;
  double frequency_mhz = 0, min_ns = 0, median_ns = 0;
  char why_not[80] = {};
};

Message as_message(const PointOutcome& outcome) {
  Message message;
  std::strncpy(message.why_not, outcome.why_not.c_str(), sizeof message.why_not - 1);
  if (!outcome.point) return message;
  const Point& point = *outcome.point;
  message.measured = true;
  message.obtained_page_bytes = point.obtained_page_bytes;
  message.frequency_mhz = point.frequency_mhz;
  message.min_ns = point.min_ns;
  message.median_ns = point.median_ns.value_or(point.min_ns);
  return message;
}

// False: the child ended without a whole message, or `stop` says so.
bool receive(int pipe, Message& message, const std::function<bool()>& stop) {
  auto* bytes = reinterpret_cast<char*>(&message);
  for (std::size_t got = 0; got < sizeof message;) {
    const ssize_t count = read(pipe, bytes + got, sizeof message - got);
    if (count < 0 && errno == EINTR && !stop()) continue;
    if (count <= 0) return false;
    got += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

PointOutcome measure_point(const PointSpec& spec, std::uint64_t line_step_bytes, double seconds,
                           const SystemPages& system, const std::function<bool()>& stop) {
  int ends[2];
  NW_CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe2 failed");
  const pid_t child = fork();
  NW_CHECK(child >= 0, "fork failed");
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    const Message message = as_message(repeat_point(spec, line_step_bytes, seconds, system));
    _exit(write(ends[1], &message, sizeof message) == sizeof message ? 0 : 1);
  }
  close(ends[1]);
  Message message;
  const bool whole = receive(ends[0], message, stop);
  close(ends[0]);
  if (!whole) kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!whole) return {{}, stop() ? "interrupted" : "the process that measured it died"};
  if (!message.measured) return {{}, message.why_not};
  return {Point{spec, message.obtained_page_bytes, message.frequency_mhz, message.min_ns,
                message.median_ns},
          {}};
}

}  // namespace nestwalk
