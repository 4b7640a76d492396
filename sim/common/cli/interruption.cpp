#include "common/cli/interruption.h"

#include <csignal>

namespace nestwalk::cli {
namespace {
volatile std::sig_atomic_t asked_to_stop = 0;
void ask_to_stop(int) { asked_to_stop = 1; }
}  // namespace

void catch_interruptions() {
  struct sigaction action = {};
  action.sa_handler = ask_to_stop;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // a blocking call returns, so that the stop is noticed
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return asked_to_stop != 0; }

}  // namespace nestwalk::cli
