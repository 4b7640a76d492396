// Schedules and the explorer: all orders and no other, what they find, and how it is replayed.
#include "common/cpu/explorer.h"

#include <doctest/doctest.h>

#include <set>

#include "unit/cpu/contract.h"
#include "unit/cpu/fake_hardware.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

using Act = std::function<void(Cpu&)>;

// A trial of given acts over empty memory.
struct Acts : Trial {
  explicit Acts(std::vector<Act> all, ScheduleSpec limits = {})
      : acts(std::move(all)), spec(limits) {}
  std::unique_ptr<Schedule> schedule() override {
    auto schedule = std::make_unique<Schedule>(memory, spec);
    for (const Act& act : acts) schedule->add(World::host, act);
    return schedule;
  }
  std::vector<Act> acts;
  ScheduleSpec spec;
  PhysicalMemory memory;
};

Act stores(unsigned count, std::uint64_t at) {
  return [=](Cpu& cpu) {
    for (unsigned i = 0; i < count; ++i) cpu.store(Pa{at}, 8, i);
  };
}

// Two vCPUs count up one word.
struct Counting final : Acts {
  explicit Counting(const Act& act) : Acts({act, act}) {}
  std::string broken_at_end() const override {
    const std::uint64_t count = memory.read(Pa{0x100}, 8);
    return count == 2 ? "" : "the count is " + std::to_string(count);
  }
};
void count_carelessly(Cpu& cpu) { cpu.store(Pa{0x100}, 8, cpu.load(Pa{0x100}, 8) + 1); }
void count_by_exchange(Cpu& cpu) {
  for (std::uint64_t seen = cpu.load(Pa{0x100}, 8);;) {
    const std::uint64_t found = cpu.exchange(Pa{0x100}, 8, seen, seen + 1);
    if (found == seen) return;
    seen = found;
  }
}
MakeTrial counting(Act act) {
  return [act] { return std::make_unique<Counting>(act); };
}

std::uint64_t binomial(std::uint64_t n, std::uint64_t k) {
  std::uint64_t value = 1;
  for (std::uint64_t i = 1; i <= k; ++i) value = value * (n - k + i) / i;
  return value;
}

}  // namespace

TEST_CASE("n and m actions of two vCPUs have C(n+m, n) orders, each tried once") {
  for (unsigned n = 1; n <= 6; ++n)
    for (unsigned m = 1; m <= 6; ++m) {
      std::set<std::vector<unsigned>> seen;
      std::vector<unsigned> order;
      const Act first = [&](Cpu& cpu) {
        for (unsigned i = 0; i < n; ++i) cpu.store(Pa{0}, 8, i), order.push_back(0);
      };
      const Act second = [&](Cpu& cpu) {
        for (unsigned i = 0; i < m; ++i) cpu.store(Pa{0}, 8, i), order.push_back(1);
      };
      const Explorer explorer([&] {
        if (!order.empty()) seen.insert(order);
        order.clear();
        return std::make_unique<Acts>(std::vector{first, second});
      });
      const Exploration found = explorer.all_orders(100'000);
      seen.insert(order);
      CHECK(found.complete);
      CHECK(found.runs == binomial(n + m, n));
      CHECK(seen.size() == found.runs);
    }
}

TEST_CASE("sleep sets: independent sequences need one order, dependent ones all") {
  const Explorer apart([] {
    return std::make_unique<Acts>(
        std::vector{stores(3, 0x100), stores(3, 0x200), stores(3, 0x300)});
  });
  const Exploration few = apart.all_but_equivalent(100'000);
  CHECK(few.complete);
  CHECK(few.runs == 1);
  CHECK(apart.all_orders(100'000).runs == 1680);  // 9! / 3!^3

  const Explorer together([] {
    return std::make_unique<Acts>(std::vector{stores(3, 0x100), stores(4, 0x100)});
  });
  CHECK(together.all_but_equivalent(100'000).runs == binomial(7, 3));
}

TEST_CASE("a lost update is found, told as an order, and replayed by it; the fixed act has none") {
  const Explorer careless(counting(count_carelessly)), careful(counting(count_by_exchange));
  for (const Exploration& found : {careless.all_orders(1000), careless.all_but_equivalent(1000),
                                   careless.random_orders(1000, 1)}) {
    REQUIRE(found.failure);
    CHECK(found.failure->what == OrderFailure::What::broken_at_end);
    CHECK(found.failure->text == "the count is 1");
    const auto read_back = parse_order(order_text(found.failure->order));
    REQUIRE(read_back);
    const auto again = careless.replay(*read_back);
    REQUIRE(again);
    CHECK(again->text == "the count is 1");
  }
  CHECK(order_text(careless.all_orders(1000).failure->order) == "0 1x2 0");
  CHECK_FALSE(careless.replay({0, 0, 1, 1}));
  for (const Exploration& found :
       {careful.all_orders(100'000), careful.all_but_equivalent(100'000)}) {
    CHECK(found.complete);
    CHECK_FALSE(found.failure);
  }
  CHECK_FALSE(careful.random_orders(200, 1).failure);
}

TEST_CASE("the invariant is asked after each action") {
  struct Watching final : Acts {
    Watching()
        : Acts({stores(1, 0x100), [](Cpu& cpu) {
                  cpu.store(Pa{0x200}, 8, 1);
                  cpu.store(Pa{0x200}, 8, 0);
                }}) {}
    std::string broken() const override {
      return memory.read(Pa{0x200}, 8) ? "a store is seen half done" : "";
    }
  };
  const Explorer explorer([] { return std::make_unique<Watching>(); });
  const Exploration found = explorer.all_orders(100);
  REQUIRE(found.failure);
  CHECK(found.failure->what == OrderFailure::What::broken);
  CHECK(found.failure->order == Order{0, 1});
}

TEST_CASE("all wait: a deadlock, with who waits for what") {
  struct TwoLocks final : Trial {
    std::unique_ptr<Schedule> schedule() override {
      auto schedule = std::make_unique<Schedule>(memory, spec);
      schedule->add(World::host, [this](Cpu& cpu) {
        const Holding outer(cpu, a, Hold::write);
        cpu.flush({}, Reach::broadcast);
      });
      schedule->add(World::host, [this](Cpu& cpu) { const Holding inner(cpu, a, Hold::write); });
      return schedule;
    }
    ScheduleSpec spec{.obeys = Obeys::by_interrupt};
    PhysicalMemory memory;
    Lock a{"mmu_lock", 1, Lock::Kind::exclusive};
  };
  // The host's flush waits for nobody outside the guest, also not under a lock.
  const Exploration fine = Explorer([] { return std::make_unique<TwoLocks>(); }).all_orders(1000);
  CHECK(fine.complete);
  CHECK_FALSE(fine.failure);

  struct GuestFlush final : Trial {
    std::unique_ptr<Schedule> schedule() override {
      auto schedule = std::make_unique<Schedule>(memory, spec);
      schedule->add(World::guest, [this](Cpu& cpu) {
        const Holding outer(cpu, lock, Hold::write);
        cpu.flush({}, Reach::broadcast);
      });
      // In the host it cannot take the guest's interrupt, and it waits for the guest's lock.
      schedule->add(World::host, [this](Cpu& cpu) { const Holding inner(cpu, lock, Hold::write); });
      return schedule;
    }
    ScheduleSpec spec{.obeys = Obeys::by_interrupt};
    PhysicalMemory memory;
    Lock lock{"mmap_lock", 1, Lock::Kind::exclusive};
  };
  const Exploration stuck =
      Explorer([] { return std::make_unique<GuestFlush>(); }).all_orders(1000);
  REQUIRE(stuck.failure);
  CHECK(stuck.failure->what == OrderFailure::What::deadlock);
  CHECK(stuck.failure->text.find("vCPU 0 waits for 1 vCPUs to flush, holds lock 'mmap_lock'") !=
        std::string::npos);
  CHECK(stuck.failure->text.find("vCPU 1 waits for lock 'mmap_lock'") != std::string::npos);
}

TEST_CASE("what goes on without an end is told, by its actions or by its steps") {
  const Prices<SmallPath> prices = small_prices();
  const Explorer spins([] {
    return std::make_unique<Acts>(std::vector<Act>{[](Cpu& cpu) {
                                    while (cpu.load(Pa{0x100}, 8) == 0) continue;
                                  }},
                                  ScheduleSpec{.longest_actions = 50});
  });
  const auto spinning = spins.replay({});
  REQUIRE(spinning);
  CHECK(spinning->what == OrderFailure::What::no_progress);
  CHECK(spinning->order.size() == 50);

  const Explorer steps([&] {
    return std::make_unique<Acts>(std::vector<Act>{[&](Cpu& cpu) {
                                    for (;;) cpu.step(prices[SmallPath::Step::look]);
                                  }},
                                  ScheduleSpec{.longest_steps = 50});
  });
  const auto stepping = steps.replay({});
  REQUIRE(stepping);
  CHECK(stepping->what == OrderFailure::What::no_progress);
  CHECK(stepping->text == "no end in sight: vCPU 0 after small.look");
}

TEST_CASE("a broadcast is obeyed by each vCPU in its own time, and the sender waits for all") {
  PhysicalMemory memory;
  std::vector<FakeHardware> hardware(3);
  for (FakeHardware& one : hardware) one.cached = true;
  FlushSequence everything;
  everything.what.resize(1);
  everything.what[0].final_entries = true;
  Schedule schedule(memory, {}, {&hardware[0], &hardware[1], &hardware[2]});
  schedule.add(World::host, [&](Cpu& cpu) {
    cpu.flush(everything, Reach::broadcast);
    cpu.store(Pa{0x100}, 8, 1);
  });
  schedule.add(World::host, stores(1, 0x200));
  schedule.add(World::host, stores(1, 0x300));
  schedule.go(0);
  CHECK_FALSE(hardware[0].cached);
  CHECK(hardware[1].cached);
  CHECK(schedule.options().size() == 4);  // 1, 2, and the hardware of both
  schedule.go(3 + 2);
  CHECK_FALSE(hardware[2].cached);
  schedule.go(1);
  CHECK(schedule.options().size() == 2);  // 2, and the hardware of 1
  schedule.go(3 + 1);
  CHECK(schedule.options().size() == 2);  // 0 and 2
  schedule.go(0);
  schedule.go(0);
  CHECK(memory.read(Pa{0x100}, 8) == 1);
}

TEST_CASE("a vCPU pauses at the nth time it comes to a step, until it is let go") {
  const Prices<SmallPath> prices = small_prices();
  PhysicalMemory memory;
  Schedule schedule(memory);
  schedule.add(World::host, [&](Cpu& cpu) {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      cpu.step(prices[SmallPath::Step::look]);
      cpu.store(Pa{0x100}, 8, i);
    }
  });
  schedule.pause_at(0, {"small", "look", 2});
  const auto first = [](const std::vector<Option>&) { return std::optional<std::size_t>(0); };
  CHECK(schedule.run(first) == RunEnd::paused);
  CHECK(schedule.paused(0));
  CHECK(memory.read(Pa{0x100}, 8) == 1);
  schedule.let_go(0);
  CHECK(schedule.run(first) == RunEnd::finished);
  CHECK(memory.read(Pa{0x100}, 8) == 3);
}

TEST_CASE("orders as text: there and back, and what is none") {
  const Order order{0, 0, 0, 1, 0, 2, 2};
  CHECK(order_text(order) == "0x3 1 0 2x2");
  CHECK(parse_order("0x3 1 0 2x2") == order);
  CHECK(order_text({}).empty());
  CHECK(parse_order("") == Order{});
  for (const char* wrong : {"a", "1x", "x2", "1x0", "1,2", "-1", "1  2", "1x99999999999"})
    CHECK_FALSE(parse_order(wrong));
}
