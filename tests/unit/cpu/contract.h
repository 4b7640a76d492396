// What holds of Cpu's verbs whatever driver carries them. A driver's test file names a type
//
//   struct Driver {
//     explicit Driver(unsigned vcpus);
//     PhysicalMemory& memory();
//     SoftwareRecorder& recorder();
//     void run(World world, std::vector<std::function<void(Cpu&)>> acts);
//     bool cached(unsigned vcpu);
//     void fill(unsigned vcpu);
//   };
//
// `recorder`: the observer. `run`: one act for each vCPU, one after the other or in turns, in any
// order. `cached`: whether hardware holds anything, which `fill` makes it do; where a test cannot
// see that, the driver lacks these two and leaves flushes_are_complete_when_they_return() out.
// Acts use memory above 448 GiB: what lies below may be the machine's.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/cpu/cpu.h"
#include "unit/base/death.h"

namespace nestwalk::test {

// A path of two steps, and prices that tell them apart.
struct SmallPath {
  enum class Step : std::uint8_t { look, clear };
  static constexpr std::string_view name = "small";
  static constexpr auto steps = step_table<Step>({
      {Step::look, "look", "find_vma, 6.12"},
      {Step::clear, "clear", "clear_page, 6.12", Per::page_4k},
  });
};
inline Prices<SmallPath> small_prices() {
  CostTable list{"small list", {}};
  list.steps["look"] = {3, "assumed", "test"};
  list.steps["clear"] = {10, "assumed", "test"};
  return Prices<SmallPath>(list);
}

struct SoftwareRecorder final : Observer {
  void on(const StepTaken& event) override { steps.push_back(event); }
  void on(const LockWaited& event) override { waits.push_back(event); }
  std::vector<StepTaken> steps;
  std::vector<LockWaited> waits;
};

template <class Driver>
void memory_holds_what_was_stored() {
  Driver driver(1);
  driver.run(
      World::guest, {[](Cpu& cpu) {
        CHECK(cpu.load(Pa{0x70'0000'1000}, 8) == 0);
        cpu.store(Pa{0x70'0000'1000}, 8, 0x1122334455667788);
        CHECK(cpu.load(Pa{0x70'0000'1000}, 8) == 0x1122334455667788);
        CHECK(cpu.load(Pa{0x70'0000'1004}, 4) == 0x11223344);
        CHECK(cpu.exchange(Pa{0x70'0000'1000}, 8, 5, 6) == 0x1122334455667788);
        CHECK(cpu.exchange(Pa{0x70'0000'1000}, 8, 0x1122334455667788, 6) == 0x1122334455667788);
        CHECK(cpu.load(Pa{0x70'0000'1000}, 8) == 6);
      }});
  CHECK(driver.memory().read(Pa{0x70'0000'1000}, 8) == 6);
}

template <class Driver>
void steps_are_told_with_their_price_and_world() {
  Driver driver(1);
  const Prices<SmallPath> prices = small_prices();
  driver.run(World::guest, {[&](Cpu& cpu) {
               cpu.step(prices[SmallPath::Step::look]);
               const InWorld host(cpu, World::host);
               cpu.step(prices[SmallPath::Step::clear], 4);
             }});
  const auto& steps = driver.recorder().steps;
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].path == "small");
  CHECK(steps[0].step == "look");
  CHECK(steps[0].cycles == 3);
  CHECK(steps[0].world == World::guest);
  CHECK(steps[1].step == "clear");
  CHECK(steps[1].cycles == 40);
  CHECK(steps[1].world == World::host);
}

template <class Driver>
void worlds_own_all_cycles() {
  Driver driver(1);
  const Prices<SmallPath> prices = small_prices();
  driver.run(World::guest, {[&](Cpu& cpu) {
               const Cycles begun = cpu.now();
               std::array<Cycles, world_count> before{};
               for (std::size_t i = 0; i < world_count; ++i)
                 before[i] = cpu.cycles_in(static_cast<World>(i));
               CHECK(cpu.enter(World::nested_guest) == World::guest);
               cpu.step(prices[SmallPath::Step::look]);
               CHECK(cpu.enter(World::guest_hypervisor) == World::nested_guest);
               cpu.step(prices[SmallPath::Step::look], 2);
               cpu.store(Pa{0x70'0000'2000}, 8, 1);
               CHECK(cpu.enter(World::host) == World::guest_hypervisor);
               cpu.step(prices[SmallPath::Step::look], 5);
               CHECK(cpu.enter(World::guest) == World::host);
               CHECK(cpu.world() == World::guest);
               Cycles sum = 0;
               for (std::size_t i = 0; i < world_count; ++i)
                 sum += cpu.cycles_in(static_cast<World>(i)) - before[i];
               CHECK(sum == cpu.now() - begun);
             }});
}

template <class Driver>
void exclusive_locks_exclude() {
  Driver driver(3);
  Lock lock("page table", 1, Lock::Kind::exclusive);
  const auto add = [&](Cpu& cpu) {
    const Holding holding(cpu, lock, Hold::write);
    CHECK(lock.held_by(cpu));
    const std::uint64_t before = cpu.load(Pa{0x70'0000'3000}, 8);
    cpu.store(Pa{0x70'0000'3000}, 8, before + 1);
  };
  driver.run(World::guest, {add, add, add});
  CHECK(driver.memory().read(Pa{0x70'0000'3000}, 8) == 3);
  CHECK_FALSE(lock.held());
  for (const LockWaited& wait : driver.recorder().waits) CHECK(wait.lock == "page table");
}

template <class Driver>
void readers_and_writers() {
  Driver driver(3);
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer);
  bool writing = false;
  const auto read = [&](Cpu& cpu) {
    const Holding holding(cpu, lock, Hold::read);
    CHECK_FALSE(writing);
    cpu.load(Pa{0x70'0000'3000}, 8);
    CHECK_FALSE(writing);
  };
  const auto write = [&](Cpu& cpu) {
    const Holding holding(cpu, lock, Hold::write);
    writing = true;
    cpu.store(Pa{0x70'0000'3000}, 8, 7);
    writing = false;
  };
  driver.run(World::host, {read, write, read});
  CHECK(driver.memory().read(Pa{0x70'0000'3000}, 8) == 7);
  CHECK_FALSE(lock.held());
}

template <class Driver>
void trying_a_lock_never_waits() {
  Driver driver(1);
  Lock lock("mmu_lock", 1, Lock::Kind::reader_writer), other("other", 2, Lock::Kind::exclusive);
  driver.run(World::host, {[&](Cpu& cpu) {
               CHECK(cpu.try_acquire(lock, Hold::read));
               CHECK(cpu.try_acquire(other, Hold::write));
               cpu.release(other);
               cpu.release(lock);
               CHECK(cpu.try_acquire(lock, Hold::write));
               cpu.release(lock);
             }});
  CHECK_FALSE(lock.held());
  CHECK(driver.recorder().waits.empty());
}

template <class Driver>
void ranks_are_checked() {
  Lock low("mmap_lock", 1, Lock::Kind::exclusive), high("mmu_lock", 2, Lock::Kind::reader_writer);
  const Death death = death_of([&] {
    Driver driver(1);
    driver.run(World::host, {[&](Cpu& cpu) {
                 cpu.acquire(high, Hold::read);
                 cpu.acquire(low, Hold::write);
               }});
  });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find(
            "takes lock 'mmap_lock' of rank 1 while it holds lock 'mmu_lock' of rank 2") !=
        std::string::npos);
  const Death tried = death_of([&] {
    Driver driver(1);
    driver.run(World::host, {[&](Cpu& cpu) {
                 cpu.acquire(high, Hold::read);
                 cpu.try_acquire(high, Hold::read);
               }});
  });
  CHECK(tried.signal == SIGABRT);
}

template <class Driver>
void flushes_are_complete_when_they_return() {
  FlushSequence everything;
  everything.what.resize(1);
  everything.what[0].final_entries = true;
  everything.instructions = 1;
  for (const Reach reach : {Reach::local, Reach::broadcast}) {
    Driver driver(2);
    driver.fill(0);
    driver.fill(1);
    bool own = true, other = true;
    driver.run(World::guest, {[&](Cpu& cpu) {
                                cpu.flush(everything, reach);
                                own = driver.cached(0);
                                other = driver.cached(1);
                              },
                              [](Cpu&) {}});
    CHECK_FALSE(own);
    CHECK(other == (reach == Reach::local));
  }
}

template <class Driver>
void check_contract() {
  SUBCASE("memory") { memory_holds_what_was_stored<Driver>(); }
  SUBCASE("steps") { steps_are_told_with_their_price_and_world<Driver>(); }
  SUBCASE("worlds") { worlds_own_all_cycles<Driver>(); }
  SUBCASE("exclusive locks") { exclusive_locks_exclude<Driver>(); }
  SUBCASE("reader-writer locks") { readers_and_writers<Driver>(); }
  SUBCASE("trying a lock") { trying_a_lock_never_waits<Driver>(); }
  SUBCASE("ranks") { ranks_are_checked<Driver>(); }
  SUBCASE("flushes") { flushes_are_complete_when_they_return<Driver>(); }
}

}  // namespace nestwalk::test
