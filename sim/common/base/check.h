// CHECK: a broken invariant of the model. Always on; says what the simulator was doing, then
// aborts. Not for a user's mistake (user_error.h) nor for a guest's fault (paging/fault.h).
#pragma once
#include <fmt/format.h>

#include <string>
#include <utility>

namespace nestwalk {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& message);

// What the simulator is doing now, printed by a failing CHECK: the request and the simulated time.
// The returned text is only asked for on failure. Thread-local; null means nothing to say.
using CheckContext = std::string (*)(const void* who);
void set_check_context(CheckContext context, const void* who);

}  // namespace nestwalk

#define NW_CHECK(condition, ...)                                                            \
  do {                                                                                      \
    if (!(condition)) [[unlikely]]                                                          \
      ::nestwalk::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
