// What faults cost, by hand: every step of the paths has a price of its own. DRAM takes no time
// except where said, so that only software counts.
#include <doctest/doctest.h>

#include <algorithm>

#include "architectures.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using enum PagingKind;

namespace {

constexpr std::uint64_t page_a = 0x10000000;
constexpr std::uint64_t far = 0x3f00'0000'0000;  // shares the root table alone with page_a

CostTable costs(std::initializer_list<std::pair<const char*, Cycles>> prices) {
  CostTable table = flat_costs(0);
  for (const auto& [step, cycles] : prices) table.steps.at(step).cycles = cycles;
  return table;
}

// Powers of two, so that a sum tells which steps were taken.
constexpr Cycles guest_before = 1 + 2 + 4;  // up to the page's allocation
constexpr Cycles guest_after = 32 + 64;     // the entry, the return
CostTable guest_prices() {
  return costs({{"exception_entry", 1},
                {"find_vma", 2},
                {"allocate_page", 4},
                {"zero_4k", 8},
                {"allocate_table", 16},
                {"write_entry", 32},
                {"exception_return", 64},
                {"unmap_page", 1 << 20}});
}
constexpr Cycles host_steps = 1000 * (1 + 2 + 3 + 4 + 5 + 6 + 8 + 9 + 10);
CostTable host_prices() {
  return costs({{"vm_exit", 1000},
                {"dispatch", 2000},
                {"find_slot", 3000},
                {"get_host_page", 4000},
                {"zero_4k", 5000},
                {"lock_mmu", 6000},
                {"allocate_table", 7000},
                {"map_entry", 8000},
                {"unlock_mmu", 9000},
                {"vm_entry", 10000}});
}

MachineSpec free_memory() {
  MachineSpec spec = bare_machine();
  spec.dram = flat_dram(0);
  return spec;
}

VirtualMachineSpec priced_vm() {
  VirtualMachineSpec spec = small_vm();
  spec.guest_costs = guest_prices();
  spec.host_costs = host_prices();
  return spec;
}

}  // namespace

TEST_CASE("a guest fault costs its steps and one allocation for each missing table") {
  const auto arch = make_x86(four_level);
  Rig rig(free_memory(), priced_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a + 4096), read_of(far)});
  rig.run();
  const AccessDone& first = rig.seen.accesses.at(0);
  CHECK(first.served == Served::fault);
  CHECK(first.guest_faults == 1);
  CHECK(first.host_faults == 0);
  CHECK(first.walks == 2);
  CHECK(span_of(first, Span::guest_fault) == guest_before + 8 + 3 * 16 + guest_after);
  CHECK(first.total_cycles == span_of(first, Span::guest_fault));
  CHECK(span_of(rig.seen.accesses.at(1), Span::guest_fault) == guest_before + 8 + guest_after);
  CHECK(span_of(rig.seen.accesses.at(2), Span::guest_fault) ==
        guest_before + 8 + 3 * 16 + guest_after);
  CHECK(rig.seen.faults.at(0).page_lg2 == 12);
  CHECK(rig.seen.faults.at(0).latency_cycles == first.total_cycles);
}

TEST_CASE("a guest fault of 2M zeroes 512 pages and needs one table less") {
  const auto arch = make_x86(four_level);
  VirtualMachineSpec vm = priced_vm();
  vm.guest.policy = huge_pages(PolicyKind::thp, 21);
  Rig rig(free_memory(), vm, *arch);
  rig.add({read_of(page_a)});
  rig.run();
  CHECK(rig.seen.accesses.at(0).page_lg2 == 21);
  CHECK(rig.seen.accesses.at(0).total_cycles == guest_before + 512 * 8 + 2 * 16 + guest_after);
  CHECK(rig.seen.faults.at(0).page_lg2 == 21);
}

TEST_CASE("a guest fault reads and writes its tables through memory") {
  const auto arch = make_x86(four_level);
  VirtualMachineSpec vm = small_vm();
  vm.guest_costs = guest_prices();
  Rig rig(bare_machine(), vm, *arch);
  rig.add({read_of(page_a)});
  rig.run();
  const AccessDone& done = rig.seen.accesses.at(0);
  // At each of four levels the entry is loaded and stored, 100 cycles each.
  CHECK(span_of(done, Span::guest_fault) == guest_before + 8 + 3 * 16 + guest_after + 8 * 100);
  // The first walk reads the root alone, the second four entries (whose flags are set already).
  CHECK(done.entry_reads == 1 + 4);
  CHECK(span_of(done, Span::stage1_reads) == 5 * 100);
}

TEST_CASE("a host fault costs its steps from exit to entry") {
  const auto arch = make_x86(off, Paging::ept);
  Rig rig(free_memory(), priced_vm(), *arch);
  rig.add({read_of(0x5000), read_of(0x6000), read_of(0x400000)});
  rig.run();
  const AccessDone& first = rig.seen.accesses.at(0);
  CHECK(first.host_faults == 1);
  CHECK(first.guest_faults == 0);
  CHECK(span_of(first, Span::host_fault) == host_steps + 3 * 7000);
  CHECK(first.total_cycles == span_of(first, Span::host_fault));
  CHECK(rig.seen.accesses.at(1).total_cycles == host_steps);
  CHECK(rig.seen.accesses.at(2).total_cycles == host_steps + 7000);
}

TEST_CASE("a host fault of 2M zeroes 512 pages") {
  const auto arch = make_x86(off, Paging::npt);
  VirtualMachineSpec vm = priced_vm();
  vm.host.policy = huge_pages(PolicyKind::thp, 21);
  Rig rig(free_memory(), vm, *arch);
  rig.add({read_of(0x5000), read_of(0x1ff000)});
  rig.run();
  CHECK(rig.seen.accesses.at(0).total_cycles == host_steps + 511 * 5000 + 2 * 7000);
  CHECK(rig.seen.accesses.at(1).host_faults == 0);
  CHECK(rig.seen.accesses.at(1).total_cycles == 0);
}

TEST_CASE("zeroing by the guest makes the host fault: each side pays for its own") {
  const auto arch = make_x86(four_level, Paging::ept);
  Rig rig(free_memory(), priced_vm(), *arch);
  rig.add({read_of(page_a), read_of(page_a + 4096)});
  rig.run();
  const AccessDone& first = rig.seen.accesses.at(0);
  CHECK(first.guest_faults == 1);
  CHECK(first.host_faults == 4);  // the page and three tables
  CHECK(span_of(first, Span::guest_fault) == guest_before + 8 + 3 * 16 + guest_after);
  // The root table's backing has made the host's tables already.
  CHECK(span_of(first, Span::host_fault) == 4 * host_steps);
  CHECK(first.total_cycles == span_of(first, Span::guest_fault) + span_of(first, Span::host_fault));
  const AccessDone& second = rig.seen.accesses.at(1);
  CHECK(second.host_faults == 1);
  CHECK(second.total_cycles == guest_before + 8 + guest_after + host_steps);
  // The guest's event includes the host's handling.
  CHECK(rig.seen.faults.back().side == Side::guest);
  CHECK(rig.seen.faults.back().latency_cycles == second.total_cycles);
}

TEST_CASE("a guest fault of 2M over base pages makes the host fault 512 times") {
  const auto arch = make_x86(four_level, Paging::npt);
  VirtualMachineSpec vm = priced_vm();
  vm.guest.policy = huge_pages(PolicyKind::thp, 21);
  Rig rig(free_memory(), vm, *arch);
  rig.add({read_of(page_a)});
  rig.run();
  const AccessDone& done = rig.seen.accesses.at(0);
  CHECK(done.host_faults == 512 + 2);
  CHECK(done.page_lg2 == 12);
  // The guest's block of 2 MiB needs a last-level table of its own on the host.
  CHECK(span_of(done, Span::host_fault) == 514 * host_steps + 7000);
  CHECK(span_of(done, Span::guest_fault) == guest_before + 512 * 8 + 2 * 16 + guest_after);
}

TEST_CASE("faults of two vCPUs at once: the second waits for the guest's lock") {
  const auto arch = make_x86(four_level);
  VirtualMachineSpec vm = priced_vm();
  vm.guest_costs.steps.at("allocate_table").cycles = 1000;
  Rig rig(free_memory(), vm, *arch);
  rig.add({read_of(page_a)});
  rig.add({read_of(far)});
  rig.run();
  auto& accesses = rig.seen.accesses;
  REQUIRE(accesses.size() == 2);
  std::sort(accesses.begin(), accesses.end(),
            [](const auto& a, const auto& b) { return a.vcpu < b.vcpu; });
  const Cycles unlocked = guest_before + 8 + guest_after;
  CHECK(accesses[0].total_cycles == unlocked + 3000);
  CHECK(accesses[1].total_cycles == unlocked + 3000 + 3000);
  CHECK(span_of(accesses[1], Span::guest_fault) == accesses[1].total_cycles);
}

TEST_CASE("host faults of two vCPUs at once: the second waits for the host's lock") {
  const auto arch = make_x86(off, Paging::ept);
  Rig rig(free_memory(), priced_vm(), *arch);
  rig.add({read_of(0x5000)});
  rig.add({read_of(0x400000)});
  rig.run();
  auto& accesses = rig.seen.accesses;
  REQUIRE(accesses.size() == 2);
  std::sort(accesses.begin(), accesses.end(),
            [](const auto& a, const auto& b) { return a.vcpu < b.vcpu; });
  CHECK(accesses[0].total_cycles == host_steps + 3 * 7000);
  // Locked: lock_mmu, three tables, map_entry, unlock_mmu; then its own with one table.
  const Cycles held = 6000 + 3 * 7000 + 8000 + 9000;
  CHECK(accesses[1].total_cycles == host_steps + held + 7000);
}

TEST_CASE("faults of two vCPUs in one page map it once") {
  const auto arch = make_x86(four_level);
  Rig rig(free_memory(), priced_vm(), *arch);
  rig.add({read_of(page_a)});
  rig.add({read_of(page_a + 8)});
  rig.run();
  CHECK(rig.vm.kernel()->counts().mapped_bytes == 4096);
  CHECK(rig.vm.kernel()->counts().pages_by_lg2[12] == 1);
}

TEST_CASE("a walk that faults reports no page") {
  const auto arch = make_x86(four_level);
  Rig rig(bare_machine(), small_vm(), *arch);
  rig.add({read_of(page_a)});
  rig.run();
  REQUIRE(rig.seen.walks.size() == 2);
  CHECK(rig.seen.walks[0].faulted);
  CHECK(rig.seen.walks[0].entry_reads == 1);
  CHECK(rig.seen.walks[0].page_lg2 == 0);
  CHECK_FALSE(rig.seen.walks[1].faulted);
  CHECK(rig.seen.walks[1].page_lg2 == 12);
}
