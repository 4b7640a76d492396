// The contract of Cpu (tests/unit/cpu/contract.h) in simulated time, and what only time shows:
// broadcasts under a lock that others wait for, and what waiting costs.
#include <array>
#include <functional>

#include "architectures.h"
#include "support.h"
#include "unit/cpu/contract.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page = 0x10000000;
using Acts = std::vector<std::function<void(Cpu&)>>;

// Keeps events of software and of accesses.
struct AllEvents final : Observer {
  void on(const StepTaken& event) override { software.on(event); }
  void on(const LockWaited& event) override { software.on(event); }
  void on(const AccessDone& event) override { accesses.push_back(event); }
  SoftwareRecorder software;
  std::vector<AccessDone> accesses;
};

// Each vCPU reads a page a number of times, makes a system call, which is its act, and reads again.
struct TimedDriver final : PrivilegedSoftware {
  explicit TimedDriver(unsigned vcpus,
                       std::unique_ptr<Architecture> architecture = make_x86(PagingKind::four_level,
                                                                             Paging::npt))
      : arch(std::move(architecture)), vm(small_vm(), *arch), reads_before(vcpus, 1) {
    spec = bare_machine();
    spec.l1d = tlb_of(16, 1);
    spec.shootdown_delivery_cycles = 50;
    spec.shootdown_receive_cycles = 700;
  }
  PhysicalMemory& memory() { return vm.physical(); }
  SoftwareRecorder& recorder() { return seen.software; }

  void run(World in, Acts all) {
    world = in;
    acts = std::move(all);
    spec.vcpus = static_cast<std::uint32_t>(acts.size());
    for (unsigned i = 0; i < acts.size(); ++i) {
      std::vector<MemoryAccess> list(reads_before[i], read_of(page));
      list.push_back(read_of(page));
      list.back().after_system_call = true;
      sources.push_back(std::make_unique<ListSource>(std::move(list)));
    }
    TimedMachine machine("machine", spec, {}, Sync::lazy, vm, sources, seen, control, nullptr,
                         this);
    CHECK(machine.run().completed);
  }
  FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                             Processor& processor) override {
    return vm.handle_fault(fault, space, va, access, processor);
  }
  void system_call(Processor& processor) override {
    Cpu& cpu = processor.cpu();
    const InWorld there(cpu, world);
    acts[cpu.vcpu()](cpu);
  }
  // How a vCPU's last access was served.
  Served last_served(unsigned vcpu) const {
    Served served = Served::fault;
    for (const AccessDone& one : seen.accesses)
      if (one.vcpu == vcpu) served = one.served;
    return served;
  }

  std::unique_ptr<Architecture> arch;
  VirtualMachine vm;
  MachineSpec spec;
  std::vector<std::size_t> reads_before;
  World world = World::guest;
  Acts acts;
  std::vector<std::unique_ptr<AccessSource>> sources;
  AllEvents seen;
  RunControl control;
};

FlushSequence everything() {
  FlushSequence sequence;
  sequence.what.resize(1);
  sequence.what[0].final_entries = true;
  sequence.instructions = 1;
  return sequence;
}

// vCPU 0 takes a lock, works, and flushes on all vCPUs while vCPU 1 waits for the lock. All come
// to an end, and neither has the page in its TLB any more.
void flush_under_a_lock(World world, std::unique_ptr<Architecture> arch) {
  TimedDriver driver(2, std::move(arch));
  driver.reads_before = {1, 20'000};  // vCPU 1 comes while vCPU 0 works
  const Prices<SmallPath> prices = small_prices();
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer);
  driver.run(world, {[&](Cpu& cpu) {
                       const Holding holding(cpu, lock, Hold::write);
                       cpu.step(prices[SmallPath::Step::clear], 100'000);
                       cpu.flush(everything(), Reach::broadcast);
                     },
                     [&](Cpu& cpu) { const Holding holding(cpu, lock, Hold::read); }});
  REQUIRE(driver.recorder().waits.size() == 1);
  const LockWaited& wait = driver.recorder().waits[0];
  CHECK(wait.vcpu == 1);
  CHECK(wait.world == world);
  CHECK(wait.cycles > 800'000);
  CHECK(wait.cycles < 1'000'000);
  CHECK(driver.last_served(0) == Served::walk);
  CHECK(driver.last_served(1) == Served::walk);
}

}  // namespace

TEST_CASE("Cpu in time: memory holds what was stored") {
  memory_holds_what_was_stored<TimedDriver>();
}
TEST_CASE("Cpu in time: steps are told with their price and world") {
  steps_are_told_with_their_price_and_world<TimedDriver>();
}
TEST_CASE("Cpu in time: worlds own all cycles") { worlds_own_all_cycles<TimedDriver>(); }
TEST_CASE("Cpu in time: exclusive locks exclude") { exclusive_locks_exclude<TimedDriver>(); }
TEST_CASE("Cpu in time: readers and writers") { readers_and_writers<TimedDriver>(); }
TEST_CASE("Cpu in time: trying a lock never waits") { trying_a_lock_never_waits<TimedDriver>(); }
TEST_CASE("Cpu in time: ranks are checked") { ranks_are_checked<TimedDriver>(); }

TEST_CASE("Cpu in time: the host flushes under a lock that others wait for: x86") {
  flush_under_a_lock(World::host, make_x86(PagingKind::four_level, Paging::npt));
}
TEST_CASE("Cpu in time: the host flushes under a lock that others wait for: arm64") {
  flush_under_a_lock(World::host, make_arm64(true, 40));
}
TEST_CASE("Cpu in time: the guest flushes under a lock that others wait for: x86") {
  flush_under_a_lock(World::guest, make_x86(PagingKind::four_level, Paging::npt));
}
TEST_CASE("Cpu in time: the guest flushes under a lock that others wait for: arm64") {
  flush_under_a_lock(World::guest, make_arm64(true, 40));
}

TEST_CASE("Cpu in time: a local flush is the vCPU's own") {
  TimedDriver driver(2);
  driver.run(World::guest, {[](Cpu& cpu) { cpu.flush(everything(), Reach::local); }, [](Cpu&) {}});
  CHECK(driver.last_served(0) == Served::walk);
  CHECK(driver.last_served(1) == Served::l1_tlb);
}

TEST_CASE("Cpu in time: readers hold a lock together, and steps take their price") {
  TimedDriver driver(2);
  const Prices<SmallPath> prices = small_prices();
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer);
  std::array<Cycles, 2> taken{};
  const auto act = [&](Cpu& cpu) {
    const Cycles begun = cpu.now();
    const Holding holding(cpu, lock, Hold::read);
    cpu.step(prices[SmallPath::Step::clear], 50'000);
    taken[cpu.vcpu()] = cpu.now() - begun;
  };
  driver.run(World::host, {act, act});
  CHECK(taken == std::array<Cycles, 2>{500'000, 500'000});
  CHECK(driver.recorder().waits.empty());
}
