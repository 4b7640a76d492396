// One access on its way through the machine.
#pragma once
#include "common/paging/access.h"
#include "common/probe/events.h"
#include "common/sysc/span_clock.h"
#include "common/workload/access_source.h"

namespace nestwalk {

struct Job {
  MemoryAccess access{};
  Access wanted{};
  SpanClock clock;
  bool translated = false;  // the L1 TLB has served it; only the data is missing
  bool skipped = false;     // its fault was not mended: there is no address
  Cycles l1_cycles = 0;     // what its L1 TLB lookup takes
  Pa pa{};
  Served served = Served::walk;
  std::uint8_t page_lg2 = 12;
  unsigned entry_reads = 0, walks = 0, guest_faults = 0, host_faults = 0;
};

}  // namespace nestwalk
