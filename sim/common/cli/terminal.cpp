#include "common/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace nestwalk::cli {

TextStyle style_of_output() {
  constexpr unsigned narrowest = 60, widest = 200, usual = 100;
  if (isatty(STDOUT_FILENO) == 0) return {false, usual};
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {true, known ? std::clamp<unsigned>(size.ws_col, narrowest, widest) : usual};
}

}  // namespace nestwalk::cli
