// The contract of Cpu on the drivers without SystemC.
#include "unit/cpu/contract.h"

#include "common/base/random.h"
#include "common/cpu/at_once.h"
#include "common/cpu/schedule.h"
#include "unit/cpu/fake_hardware.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

struct Bench {
  explicit Bench(unsigned vcpus) : hardware(vcpus) {
    for (FakeHardware& one : hardware) targets.push_back(&one);
  }
  PhysicalMemory& memory() { return physical; }
  SoftwareRecorder& recorder() { return events; }
  bool cached(unsigned vcpu) { return hardware[vcpu].cached; }
  void fill(unsigned vcpu) { hardware[vcpu].cached = true; }

  PhysicalMemory physical;
  SoftwareRecorder events;
  std::vector<FakeHardware> hardware;
  std::vector<InstructionTarget*> targets;
};
using Acts = std::vector<std::function<void(Cpu&)>>;

struct OnceDriver : Bench {
  using Bench::Bench;
  void run(World world, const Acts& acts) {
    for (unsigned i = 0; i < acts.size(); ++i) {
      AtOnce cpu(physical, world, i, targets, &events);
      acts[i](cpu);
    }
  }
};

struct ScheduledDriver : Bench {
  using Bench::Bench;
  void run(World world, const Acts& acts) {
    Schedule schedule(physical, {}, targets, &events);
    for (const auto& act : acts) schedule.add(world, act);
    const RunEnd end = schedule.run(
        [&](const std::vector<Option>& options) { return random.below(options.size()); });
    CHECK(end == RunEnd::finished);
  }
  Random random{7};
};

}  // namespace

TEST_CASE("contract of Cpu: at once") { check_contract<OnceDriver>(); }
TEST_CASE("contract of Cpu: scheduled") { check_contract<ScheduledDriver>(); }

TEST_CASE("an instruction acts on its own vCPU, and may trap instead") {
  Bench bench(2);
  const Instruction nothing(
      [](TranslationEngine&, WalkCaches&, WalkPort&) { return std::vector<Invalidation>{}; });
  AtOnce cpu(bench.physical, World::guest, 1, bench.targets);
  CHECK(cpu.execute(nothing) == Executed::done);
  CHECK(bench.hardware[0].executed == 0);
  CHECK(bench.hardware[1].executed == 1);
  bench.hardware[1].traps = true;
  CHECK(cpu.execute(nothing) == Executed::trapped);
}

TEST_CASE("at once: a lock that is held cannot be waited for") {
  PhysicalMemory memory;
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer);
  AtOnce first(memory), second(memory, World::host, 1);
  first.acquire(lock, Hold::read);
  CHECK(second.try_acquire(lock, Hold::read));
  second.release(lock);
  CHECK_FALSE(second.try_acquire(lock, Hold::write));
  const Death death = death_of([&] { second.acquire(lock, Hold::write); });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find("vCPU 1 waits for lock 'mmu_lock'") != std::string::npos);
}
