// Accesses as CSV, and events told to several observers.
#include "common/probe/collectors/access_log.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "common/probe/collectors/collectors.h"
#include "common/probe/collectors/fan_out.h"
#include "unit/results/sandbox.h"

using namespace nestwalk;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("one line per access, every field under its name") {
  const Sandbox sandbox;
  OutputFile file(sandbox / "a.csv");
  AccessLog log(file);
  AccessDone event;
  event.vcpu = 1;
  event.space = 2;
  event.type = AccessType::write;
  event.served = Served::fault;
  event.page_lg2 = 21;
  event.skipped = true;
  event.entry_reads = 300;
  event.walks = 3;
  event.guest_faults = 4;
  event.host_faults = 5;
  event.va = Va{0xabc000};
  event.issued_cycle = 1000;
  event.spans = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  event.translation_cycles = 55;
  event.total_cycles = 66;
  log.on(event);
  log.finish();
  file.publish();
  CHECK(text_of(sandbox / "a.csv") ==
        "vcpu,space,type,served,page_lg2,va,issued_cycle,tlb_cycles,walk_cache_cycles,"
        "stage1_reads_cycles,stage2_reads_cycles,walker_queue_cycles,merged_cycles,in_order_cycles,"
        "guest_fault_cycles,host_fault_cycles,invalidation_cycles,data_cycles,translation_cycles,"
        "total_cycles,walks,entry_reads,guest_faults,host_faults,skipped\n"
        "1,2,write,fault,21,0xabc000,1000,1,2,3,4,5,6,7,8,9,10,11,55,66,3,300,4,5,1\n");
}

TEST_CASE("events reach all observers, and are merged only if all allow it") {
  Collectors one, other;
  FanOut both({&one, &other});
  CHECK(both.merges_equal_accesses());
  AccessDone event;
  event.spans[0] = event.translation_cycles = event.total_cycles = 1;
  both.on(event);
  both.on(WalkDone{.entry_reads = 4, .latency_cycles = 40});
  both.on(Reference{.position = {0, 0}});
  both.on(FaultHandled{.latency_cycles = 5});
  both.on(ShootdownDone{.targets = 1, .latency_cycles = 6});
  Results first, second;
  one.fill(first);
  other.fill(second);
  CHECK(first == second);
  CHECK(first.access_latency.count() == 1);
  CHECK(first.walks.completed.latency.sum() == 40);
  CHECK(first.references.size() == 1);
  CHECK(first.faults[0].latency.sum() == 5);
  CHECK(first.shootdowns.targets == 1);

  const Sandbox sandbox;
  OutputFile file(sandbox / "a.csv");
  AccessLog log(file);
  CHECK_FALSE(FanOut({&one, &log}).merges_equal_accesses());
}
