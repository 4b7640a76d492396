#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace nestwalk {
namespace {
thread_local CheckContext context_text = nullptr;
thread_local const void* context_who = nullptr;
}  // namespace

void set_check_context(CheckContext context, const void* who) {
  context_text = context;
  context_who = who;
}

void check_failed(const char* file, int line, const char* condition, const std::string& message) {
  std::fprintf(stderr, "nestwalk: broken invariant at %s:%d: %s\n  %s\n", file, line, condition,
               message.c_str());
  if (context_text) std::fprintf(stderr, "  while: %s\n", context_text(context_who).c_str());
  std::abort();
}

}  // namespace nestwalk
