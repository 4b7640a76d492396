// Ctrl-C and SIGTERM: the first asks the simulation to stop at the next pause between accesses.
#pragma once

namespace nestwalk::cli {

void catch_interruptions();
bool interrupted();

// The exit status of a program that was asked to stop (128 + SIGINT).
inline constexpr int interrupted_status = 130;

}  // namespace nestwalk::cli
