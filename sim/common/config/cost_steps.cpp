#include "common/config/cost_steps.h"

#include <algorithm>

namespace nestwalk::config {
namespace {

using Steps = std::vector<std::string>;

const Steps guest_fault = {"exception_entry", "find_vma",    "allocate_page",    "zero_4k",
                           "allocate_table",  "write_entry", "exception_return", "unmap_page"};
const Steps x86_fault = {"vm_exit",        "dispatch", "find_slot", "get_host_page", "lock_mmu",
                         "allocate_table", "zero_4k",  "map_entry", "unlock_mmu",    "vm_entry"};
const Steps arm64_fault = {"abort_entry",     "save_context", "read_fault", "find_slot",
                           "get_host_page",   "lock_mmu",     "clean_4k",   "allocate_table",
                           "zero_4k",         "map_entry",    "unlock_mmu", "restore_context",
                           "exception_return"};
const Steps invalidation = {"local_invalidate", "send_shootdown", "receive_shootdown",
                            "invalidate_latency"};

Steps together(std::initializer_list<const Steps*> parts) {
  Steps out;
  for (const Steps* part : parts)
    for (const std::string& step : *part)
      if (std::find(out.begin(), out.end(), step) == out.end()) out.push_back(step);
  return out;
}

}  // namespace

const Steps& steps_of(CostSet set) {
  static const Steps guest = together({&guest_fault, &invalidation}),
                     x86 = together({&x86_fault, &invalidation}),
                     arm64 = together({&arm64_fault, &invalidation}),
                     host = together({&x86_fault, &arm64_fault, &invalidation}),
                     all = together({&guest_fault, &x86_fault, &arm64_fault, &invalidation});
  switch (set) {
    case CostSet::guest:
      return guest;
    case CostSet::host_x86:
      return x86;
    case CostSet::host_arm64:
      return arm64;
    case CostSet::any_host:
      return host;
    case CostSet::all:
      break;
  }
  return all;
}

}  // namespace nestwalk::config
