// Locks: who gets in and in which order (Linux 6.12 kernel/locking/qrwlock.c), and waiting as it is
// told.
#include "common/cpu/lock.h"

#include <doctest/doctest.h>

#include <deque>

#include "common/cpu/at_once.h"
#include "common/cpu/schedule.h"
#include "unit/cpu/contract.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

struct Five {
  Five() {
    for (unsigned i = 0; i < 5; ++i) cpus.emplace_back(memory, World::host, i);
  }
  Cpu& operator[](std::size_t i) { return cpus[i]; }
  PhysicalMemory memory;
  std::deque<AtOnce> cpus;
};
using Entered = std::vector<Cpu*>;

}  // namespace

TEST_CASE("exclusive: first come, first served") {
  Five cpu;
  Lock lock("l", 1, Lock::Kind::exclusive);
  CHECK(lock.take(cpu[0], Hold::write));
  CHECK_FALSE(lock.take(cpu[2], Hold::write));
  CHECK_FALSE(lock.take(cpu[1], Hold::write));
  CHECK_FALSE(lock.try_take(cpu[3], Hold::write));
  CHECK(lock.waiting() == 2);
  CHECK(lock.give_back(cpu[0]) == Entered{&cpu[2]});
  CHECK(lock.held_by(cpu[2]));
  CHECK(lock.give_back(cpu[2]) == Entered{&cpu[1]});
  CHECK(lock.give_back(cpu[1]).empty());
  CHECK_FALSE(lock.held());
}

TEST_CASE("reader-writer: readers share; a writer that waits keeps later readers out") {
  Five cpu;
  Lock lock("l", 1, Lock::Kind::reader_writer);
  CHECK(lock.take(cpu[0], Hold::read));
  CHECK(lock.take(cpu[1], Hold::read));
  CHECK_FALSE(lock.take(cpu[2], Hold::write));
  CHECK_FALSE(lock.take(cpu[3], Hold::read));
  CHECK_FALSE(lock.try_take(cpu[4], Hold::read));
  CHECK(lock.give_back(cpu[1]).empty());  // another reader is inside
  CHECK(lock.give_back(cpu[0]) == Entered{&cpu[2]});
  CHECK(lock.give_back(cpu[2]) == Entered{&cpu[3]});
}

TEST_CASE("reader-writer: readers that stand together go together, not past a writer") {
  Five cpu;
  Lock lock("l", 1, Lock::Kind::reader_writer);
  CHECK(lock.take(cpu[0], Hold::write));
  CHECK_FALSE(lock.take(cpu[1], Hold::read));
  CHECK_FALSE(lock.take(cpu[2], Hold::read));
  CHECK_FALSE(lock.take(cpu[3], Hold::write));
  CHECK_FALSE(lock.take(cpu[4], Hold::read));
  CHECK(lock.give_back(cpu[0]) == Entered{&cpu[1], &cpu[2]});
  CHECK(lock.give_back(cpu[2]).empty());
  CHECK(lock.give_back(cpu[1]) == Entered{&cpu[3]});
  CHECK(lock.give_back(cpu[3]) == Entered{&cpu[4]});
}

TEST_CASE("an exclusive lock is not for readers; only a holder gives back") {
  Five cpu;
  Lock lock("l", 1, Lock::Kind::exclusive);
  CHECK(death_of([&] { lock.take(cpu[0], Hold::read); }).signal == SIGABRT);
  CHECK(death_of([&] { lock.give_back(cpu[0]); }).signal == SIGABRT);
}

TEST_CASE("waiting is told: who, for which lock, how long") {
  const Prices<SmallPath> prices = small_prices();
  PhysicalMemory memory;
  SoftwareRecorder events;
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer);
  Schedule schedule(memory, {}, {}, &events);
  schedule.add(World::host, [&](Cpu& cpu) {
    const Holding holding(cpu, lock, Hold::write);
    cpu.step(prices[SmallPath::Step::clear], 5);
  });
  schedule.add(World::guest, [&](Cpu& cpu) {
    cpu.step(prices[SmallPath::Step::clear], 2);
    const Holding holding(cpu, lock, Hold::read);
  });
  schedule.go(0);  // takes it, and passes 50 cycles
  schedule.go(1);  // waits for it from cycle 20 on
  CHECK(schedule.options().size() == 1);
  schedule.go(0);
  REQUIRE(events.waits.empty());
  schedule.go(1);
  REQUIRE(events.waits.size() == 1);
  CHECK(events.waits[0].vcpu == 1);
  CHECK(events.waits[0].world == World::guest);
  CHECK(events.waits[0].lock == "mmu_lock");
  CHECK(events.waits[0].cycles == 30);
  CHECK(schedule.cpu(1).cycles_in(World::guest) == 50);
}

TEST_CASE("an exception on the way gives the lock back at once") {
  PhysicalMemory memory;
  Lock lock("l", 1, Lock::Kind::exclusive);
  Schedule schedule(memory);
  schedule.add(World::host, [&](Cpu& cpu) {
    const Holding holding(cpu, lock, Hold::write);
    throw UserErrors(UserError{"", 0, "host.memory", "ran out"});
  });
  CHECK_THROWS_AS(schedule.go(0), UserErrors);
  CHECK_FALSE(lock.held());
  CHECK(schedule.options().empty());
}
