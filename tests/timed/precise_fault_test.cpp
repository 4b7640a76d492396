// Exceptions are precise (sysc/program_order.h): faults are taken one after another in program
// order, whatever is in flight, and their handlers' cycles belong to the accesses that faulted.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "architectures.h"
#include "child.h"
#include "random_run.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page_a = 0x10000000, page_b = 0x10001000, page_c = 0x10002000;

Cycles fault_cycles(const AccessDone& done) {
  return span_of(done, Span::guest_fault) + span_of(done, Span::host_fault);
}

MachineSpec overlapping(std::uint32_t max_outstanding) {
  MachineSpec spec = bare_machine();
  spec.max_outstanding = max_outstanding;
  spec.walkers = 8;
  return spec;
}

// The pages that faulted on the guest, in the order in which their faults were taken.
struct FaultOrder final : PrivilegedSoftware {
  explicit FaultOrder(VirtualMachine& machine) : vm(machine) {}
  FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                             Processor& processor) override {
    if (fault.stage == 1) pages.push_back(va.value >> 12);
    return vm.handle_fault(fault, space, va, access, processor);
  }
  VirtualMachine& vm;
  std::vector<std::uint64_t> pages;
};

// Faults, their cycles and the time of one vCPU that has `max_outstanding` accesses in flight.
struct Totals {
  std::uint64_t guest = 0, host = 0, cycles = 0, fault_cycles = 0;
};

Totals totals(RandomRun run, std::uint32_t max_outstanding) {
  const std::string text = in_child([&] {
    run.max_outstanding = max_outstanding;
    MachineSpec spec = scarce_machine(run);
    spec.l1d_cache.mshrs = spec.l2_cache.mshrs = spec.llc.mshrs = 64;
    VirtualMachineSpec vm = random_vm(run);
    vm.guest_costs = vm.host_costs = flat_costs(2000);
    const auto arch = run.on.make();
    Rig rig(spec, vm, *arch);
    fill(rig, run, *arch);
    const TimedRun done = rig.run();
    Totals sum;
    sum.cycles = done.cycles;
    for (const AccessDone& access : rig.seen.accesses) {
      sum.guest += access.guest_faults;
      sum.host += access.host_faults;
      sum.fault_cycles += fault_cycles(access);
    }
    return fmt::format("{} {} {} {}", sum.guest, sum.host, sum.cycles, sum.fault_cycles);
  });
  Totals sum;
  std::sscanf(text.c_str(), "%lu %lu %lu %lu", &sum.guest, &sum.host, &sum.cycles,
              &sum.fault_cycles);
  return sum;
}

}  // namespace

TEST_CASE("the same faults and fault cycles with 1, 4 and 24 outstanding; never a longer run") {
  for (const NamedArchitecture& named : all_architectures())
    for (const PolicyKind policy : {PolicyKind::base, PolicyKind::thp}) {
      CAPTURE(named.name);
      RandomRun run;
      run.on = named;
      run.spaces = 1;
      run.guest_policy = run.host_policy = policy;
      const Totals alone = totals(run, 1);
      CHECK(alone.guest + alone.host > 0);
      for (const std::uint32_t max_outstanding : {4u, 24u}) {
        CAPTURE(max_outstanding);
        const Totals overlapped = totals(run, max_outstanding);
        CHECK(overlapped.guest == alone.guest);
        CHECK(overlapped.host == alone.host);
        // The handlers' prices are the same; what their loads and stores find in the caches is not.
        CHECK(static_cast<double>(overlapped.fault_cycles) ==
              doctest::Approx(static_cast<double>(alone.fault_cycles)).epsilon(0.01));
        CHECK(overlapped.cycles <= alone.cycles);
      }
    }
}

TEST_CASE("faults are taken in program order") {
  const auto arch = make_x86(PagingKind::four_level, Paging::ept);
  Rig rig(overlapping(8), small_vm(), *arch);
  FaultOrder software(rig.vm);
  // Walks of different length: pages of one table, of others, and of the first again.
  std::vector<MemoryAccess> list;
  std::vector<std::uint64_t> first_touches;
  for (const std::uint64_t page :
       std::initializer_list<std::uint64_t>{0x10000, 0x90000, 0x10001, 0x3f0000000, 0x10001,
                                            0x10002, 0x90001, 0x10003, 0x10002, 0x90002}) {
    list.push_back(read_of(page << 12));
    if (std::find(first_touches.begin(), first_touches.end(), page) == first_touches.end())
      first_touches.push_back(page);
  }
  std::vector<std::unique_ptr<AccessSource>> sources;
  sources.push_back(std::make_unique<ListSource>(list));
  TimedMachine machine("machine", rig.spec, {}, Sync::lazy, rig.vm, sources, rig.seen, rig.control,
                       nullptr, &software);
  machine.run();
  CHECK(software.pages == first_touches);
}

TEST_CASE("an access that merged with a walk that faults begins when the handler has returned") {
  const auto arch = make_x86(PagingKind::four_level);
  VirtualMachineSpec vm = small_vm();
  vm.guest_costs.steps.at("exception_entry").cycles = 100'000;
  Rig rig(overlapping(4), vm, *arch);
  rig.add({read_of(page_a), read_of(page_a + 8), read_of(page_a + 16)});
  rig.run();
  REQUIRE(rig.seen.accesses.size() == 3);
  for (const AccessDone& done : rig.seen.accesses) {
    const bool faulted = done.va.value == page_a;
    CHECK(done.guest_faults == faulted);
    CHECK((done.total_cycles > 100'000) == faulted);
    CHECK((fault_cycles(done) >= 100'000) == faulted);
    if (!faulted) CHECK(done.issued_cycle > 100'000);
  }
}

TEST_CASE("an access that met a fault of its own is not charged for an older one's handler") {
  const auto arch = make_x86(PagingKind::four_level);
  VirtualMachineSpec vm = small_vm();
  vm.guest_costs.steps.at("exception_entry").cycles = 100'000;
  Rig rig(overlapping(4), vm, *arch);
  rig.add({read_of(page_a), read_of(page_b), read_of(page_c)});
  const TimedRun run = rig.run();
  Cycles all = 0;
  for (const AccessDone& done : rig.seen.accesses) {
    CHECK(done.guest_faults == 1);
    CHECK(done.total_cycles > 100'000);
    CHECK(done.total_cycles < 120'000);
    all += fault_cycles(done);
  }
  CHECK(all >= 300'000);
  CHECK(all <= run.cycles);
}

TEST_CASE("a fault waits for older accesses, and says for how long") {
  constexpr std::uint64_t far = 0x3f00'0000'0000;  // its root entry is empty
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(overlapping(2), small_vm(), *arch);
  // A is mapped and walks for 400 cycles; the younger access meets its fault after one read.
  rig.add({read_of(page_a), read_of(page_a + 64, true), read_of(far)});
  rig.run();
  const auto done = [&](std::uint64_t va) {
    return *std::find_if(rig.seen.accesses.begin(), rig.seen.accesses.end(),
                         [va](const AccessDone& one) { return one.va.value == va; });
  };
  const AccessDone older = done(page_a + 64), faulted = done(far);
  CHECK(older.guest_faults == 0);
  CHECK(older.total_cycles == 400);
  CHECK(faulted.guest_faults == 1);
  CHECK(faulted.issued_cycle < older.issued_cycle + older.total_cycles);
  CHECK(span_of(faulted, Span::in_order) >= 150);
  CHECK(span_of(faulted, Span::in_order) < 400);
  CHECK(span_of(older, Span::in_order) == 0);
}

TEST_CASE("an access may read more than 255 entries and walk as often") {
  struct Stubborn final : PrivilegedSoftware {  // comes back 300 times without having mapped
    explicit Stubborn(VirtualMachine& machine) : vm(machine) {}
    FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                               Processor& processor) override {
      if (times++ < 300) return FaultResponse::retry;
      return vm.handle_fault(fault, space, va, access, processor);
    }
    VirtualMachine& vm;
    unsigned times = 0;
  };
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(bare_machine(), small_vm(), *arch);
  Stubborn software(rig.vm);
  std::vector<std::unique_ptr<AccessSource>> sources;
  sources.push_back(std::make_unique<ListSource>(std::vector{read_of(page_a)}));
  rig.spec.vcpus = 1;
  TimedMachine machine("machine", rig.spec, {}, Sync::lazy, rig.vm, sources, rig.seen, rig.control,
                       nullptr, &software);
  machine.run();
  CHECK(rig.seen.accesses.at(0).walks == 302);
  CHECK(rig.seen.accesses.at(0).entry_reads == 301 + 4);  // the root's entry is empty 301 times
}
