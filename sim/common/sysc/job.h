// One access on its way through the machine.
#pragma once
#include "common/paging/access.h"
#include "common/probe/events.h"
#include "common/sysc/in_flight.h"
#include "common/sysc/span_clock.h"
#include "common/workload/access_source.h"

namespace nestwalk {

// What has become of an access.
enum class Fate : std::uint8_t {
  under_way,
  undone,   // the fault of an older one has been taken: it has not happened, and issues again
  mended,   // its own fault has been handled: it is made again
  skipped,  // its own fault was not mended: it never happens, and has no address
};

struct Job {
  MemoryAccess access{};
  Access wanted{};
  SpanClock clock;
  Fate fate = Fate::under_way;
  Passage passage;
  Strand* waits = nullptr;  // its strand, while it waits to be the oldest (program_order.h)
  bool translated = false;  // it has its address; only the data is missing
  Cycles l1_cycles = 0;     // what its L1 TLB lookup takes
  Pa pa{};
  Served served = Served::walk;
  std::uint8_t page_lg2 = 12;
  std::uint32_t entry_reads = 0, walks = 0, guest_faults = 0, host_faults = 0;

  bool faulted() const { return guest_faults + host_faults > 0; }
};

}  // namespace nestwalk
