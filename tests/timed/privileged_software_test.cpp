// Privileged software of one's own on the timed machine (hyp/privileged_software.h): who is told of
// faults, what skipping an access means, what instructions of a handler do to walks under way.
// By hand: no caches, DRAM 100 cycles for each access, x86 without a second stage.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "architectures.h"
#include "child.h"
#include "common/base/user_error.h"
#include "support.h"
#include "unit/base/death.h"
#include "x86/instructions.h"

using namespace nestwalk;
using namespace nestwalk::test;
using x86::engine_of;

namespace {

constexpr std::uint64_t page_a = 0x10000000, page_b = 0x10001000, page_c = 0x10002000;

struct Scripted final : PrivilegedSoftware, TranslationListener {
  std::function<FaultResponse(Va, Processor&, std::function<FaultResponse()> map)> on_fault =
      [](Va, Processor&, const auto& map) { return map(); };
  std::function<void(Processor&)> on_system_call = [](Processor&) {};
  VirtualMachine* vm = nullptr;
  std::vector<std::string> faults;
  std::vector<Va> translations;

  FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                             Processor& processor) override {
    faults.push_back(engine_of(processor).syndrome(fault, va, access).text());
    return on_fault(va, processor,
                    [&] { return vm->handle_fault(fault, space, va, access, processor); });
  }
  void system_call(Processor& processor) override { on_system_call(processor); }
  void translated(unsigned, std::uint16_t, Va va, Pa) override { translations.push_back(va); }
};

struct ScriptedRun {
  explicit ScriptedRun(const MachineSpec& machine, PagingKind guest = PagingKind::four_level)
      : arch(make_x86(guest)), vm(small_vm(), *arch), spec(machine) {
    software.vm = &vm;
  }
  void run(std::vector<MemoryAccess> list) {
    std::vector<std::unique_ptr<AccessSource>> sources;
    sources.push_back(std::make_unique<ListSource>(std::move(list)));
    TimedMachine machine("machine", spec, {}, Sync::lazy, vm, sources, seen, control, &software,
                         &software);
    CHECK(machine.run().completed);
  }
  // The accesses to `va`, in the order in which they ended.
  std::vector<AccessDone> done(std::uint64_t va) const {
    std::vector<AccessDone> list;
    for (const AccessDone& one : seen.accesses)
      if (one.va.value == va) list.push_back(one);
    return list;
  }

  std::unique_ptr<Architecture> arch;
  VirtualMachine vm;
  MachineSpec spec;
  Scripted software;
  Recorder seen;
  RunControl control;
};

MemoryAccess supervisor(MemoryAccess access) {
  access.user = false;
  return access;
}
MemoryAccess after_call(MemoryAccess access) {
  access.after_system_call = true;
  return access;
}

MachineSpec overlapping(std::uint32_t max_outstanding) {
  MachineSpec spec = bare_machine();
  spec.l1d = tlb_of(16, 1);
  spec.max_outstanding = max_outstanding;
  spec.walkers = 2;
  return spec;
}

}  // namespace

TEST_CASE("an access that software declines to mend is skipped: it takes time, but has no data") {
  MachineSpec spec = bare_machine();
  spec.data_accesses = true;
  ScriptedRun run(spec);
  run.software.on_fault = [](Va va, Processor& processor, const auto& map) {
    processor.spend(50);
    return va.value == page_a ? FaultResponse::skip : map();
  };
  run.run({read_of(page_a), read_of(page_b)});
  REQUIRE(run.seen.accesses.size() == 2);
  const AccessDone &a = run.seen.accesses[0], &b = run.seen.accesses[1];
  CHECK(a.skipped);
  CHECK(a.served == Served::fault);
  CHECK(a.walks == 1);
  CHECK(span_of(a, Span::guest_fault) == 50);
  CHECK(span_of(a, Span::data) == 0);
  CHECK(a.total_cycles == 100 + 50);  // the PML4E is not present
  CHECK_FALSE(b.skipped);
  CHECK(span_of(b, Span::data) == 100);
  CHECK(run.software.faults == std::vector<std::string>{"#PF error code 0x4, CR2 0x10000000",
                                                        "#PF error code 0x4, CR2 0x10001000"});
  CHECK(run.software.translations == std::vector{Va{page_b}});
}

TEST_CASE("A-27 A-31: accesses without a user are a supervisor's, STAC allows what SMAP denies") {
  ScriptedRun run(bare_machine());
  run.software.on_fault = [](Va va, Processor&, const auto& map) {
    return va.value == page_a ? map() : FaultResponse::skip;
  };
  MemoryAccess fetch = supervisor(read_of(page_a + 16));
  fetch.kind = AccessKind::fetch;
  run.software.on_system_call = [](Processor& processor) {
    x86::set_alignment_check(processor, true);
  };
  run.run({read_of(page_a), supervisor(read_of(page_a + 8)), fetch,
           supervisor(after_call(read_of(page_a + 24)))});
  CHECK(run.software.faults == std::vector<std::string>{"#PF error code 0x4, CR2 0x10000000",
                                                        "#PF error code 0x1, CR2 0x10000008",
                                                        "#PF error code 0x11, CR2 0x10000010"});
  CHECK_FALSE(run.done(page_a + 24).at(0).skipped);
}

TEST_CASE("without software of one's own, a fault that cannot be mended is the user's mistake") {
  const auto arch = make_x86(PagingKind::four_level);
  Rig rig(bare_machine(), small_vm(), *arch);
  rig.add({read_of(page_a), supervisor(read_of(page_a))});
  CHECK_THROWS_WITH_AS(rig.run(), doctest::Contains("#PF error code 0x1"), UserErrors);
}

TEST_CASE("those that wait for the walk of a skipped access fault themselves") {
  ScriptedRun run(overlapping(4));
  run.software.on_fault = [](Va, Processor&, const auto&) { return FaultResponse::skip; };
  run.run({read_of(page_a), read_of(page_a + 8), read_of(page_a + 16)});
  CHECK(run.software.faults.size() == 3);
  REQUIRE(run.seen.accesses.size() == 3);
  for (const AccessDone& done : run.seen.accesses) CHECK(done.skipped);
  CHECK(run.software.translations.empty());
}

TEST_CASE("those that wait for it get the page if another's fault is mended") {
  ScriptedRun run(overlapping(4));
  run.software.on_fault = [](Va va, Processor&, const auto& map) {
    return va.value == page_a ? FaultResponse::skip : map();
  };
  run.run({read_of(page_a), read_of(page_a + 8), read_of(page_a + 16)});
  CHECK(run.software.faults.size() == 2);
  CHECK(run.done(page_a).at(0).skipped);
  CHECK_FALSE(run.done(page_a + 8).at(0).skipped);
  CHECK_FALSE(run.done(page_a + 16).at(0).skipped);
}

TEST_CASE("A-70: INVLPG in a fault handler drops what an overlapping walk has found") {
  const auto last_served = [](std::uint64_t invalidated) {
    return in_child([&] {
      ScriptedRun run(overlapping(2));
      run.software.on_system_call = [](Processor& p) { x86::invlpg(p, Va{page_b}); };
      run.software.on_fault = [&](Va va, Processor& p, const auto& map) {
        if (va.value != page_c) return map();
        x86::invlpg(p, Va{invalidated});
        return FaultResponse::skip;
      };
      // B is mapped but not cached; then C faults while B's walk is under way. B is undone, and
      // finds what its walk has brought unless that is gone.
      run.run({read_of(page_b), after_call(read_of(page_c)), read_of(page_b + 8)});
      const AccessDone b = run.done(page_b + 8).at(0), c = run.done(page_c).at(0);
      CHECK(b.issued_cycle > c.issued_cycle + c.total_cycles);
      return fmt::format("{}, {} walks", b.served == Served::l1_tlb ? "hit" : "walk", b.walks);
    });
  };
  CHECK(last_served(page_b) == "walk, 2 walks");
  CHECK(last_served(page_a) == "hit, 1 walks");
}

// MOV CR3 and a walk under way: the walk ends with the registers that it began with.
TEST_CASE("a fault handler's register write waits for the walks under way") {
  ScriptedRun run(overlapping(2));
  run.software.on_fault = [](Va va, Processor& processor, const auto& map) {
    if (va.value != page_c) return map();
    const std::uint64_t cr3 = engine_of(processor).registers().cr3;
    CHECK_FALSE(x86::move_to_cr3(processor, cr3 + 0x100000).general_protection);  // no tables there
    x86::move_to_cr3(processor, cr3);
    return FaultResponse::skip;
  };
  run.software.on_system_call = [](Processor& p) { x86::invlpg(p, Va{page_b}); };
  run.run({read_of(page_b), after_call(read_of(page_c)), read_of(page_b + 8)});
  CHECK(run.software.faults.size() == 2);  // B has met no missing entry
  CHECK_FALSE(run.done(page_b + 8).at(0).skipped);
  CHECK(run.done(page_b + 8).at(0).walks == 2);  // with C's, and again when C's handler is done
  CHECK(span_of(run.done(page_c).at(0), Span::guest_fault) ==
        1);  // B's walk began a cycle after C's
}

TEST_CASE("a system call comes when what was issued before is done") {
  ScriptedRun run(overlapping(4));
  run.spec.data_accesses = true;
  std::size_t calls = 0;
  run.software.on_system_call = [&](Processor& processor) {
    ++calls;
    CHECK(processor.vcpu() == 0);
    CHECK(run.seen.accesses.size() == 3);
    processor.spend(1000);
  };
  run.run({read_of(page_a), read_of(page_b), read_of(page_c), after_call(read_of(page_a + 8))});
  CHECK(calls == 1);
  Cycles latest = 0;
  for (const std::uint64_t page : {page_a, page_b, page_c})
    latest =
        std::max(latest, run.done(page).at(0).issued_cycle + run.done(page).at(0).total_cycles);
  CHECK(run.done(page_a + 8).at(0).issued_cycle == latest + 1000);
}

TEST_CASE("A-7 A-14 T053: MOV CR3 in PAE mode reads four PDPTEs in time, and may be refused") {
  ScriptedRun run(bare_machine(), PagingKind::pae);
  run.software.on_system_call = [](Processor& processor) {
    const x86::Registers before = engine_of(processor).registers();
    const std::uint64_t elsewhere = 0x100000;  // guest memory, all zero
    CHECK_FALSE(x86::move_to_cr3(processor, elsewhere).general_protection);
    CHECK(engine_of(processor).registers().pdptes == std::array<std::uint64_t, 4>{});
    CHECK_FALSE(x86::move_to_cr3(processor, before.cr3).general_protection);
    CHECK(engine_of(processor).registers().pdptes == before.pdptes);
    processor.store(Pa{elsewhere}, 8, 0x3);  // bit 1 of a present PDPTE is reserved
    CHECK(x86::move_to_cr3(processor, elsewhere).general_protection);
    CHECK(engine_of(processor).registers().cr3 == before.cr3);
    CHECK(engine_of(processor).registers().pdptes == before.pdptes);
  };
  run.run({read_of(page_a), after_call(read_of(page_a + 8))});
  const AccessDone first = run.done(page_a).at(0), second = run.done(page_a + 8).at(0);
  CHECK(second.issued_cycle - (first.issued_cycle + first.total_cycles) == 3 * 400 + 100);
  CHECK(second.walks == 1);
}

TEST_CASE("instructions change the registers that they name, and nothing when refused") {
  ScriptedRun run(bare_machine());
  run.software.on_system_call = [](Processor& processor) {
    const auto now = [&] { return engine_of(processor).registers(); };
    x86::write_pkru(processor, 0x55);
    x86::write_pkrs(processor, 0xaa);
    x86::set_alignment_check(processor, true);
    CHECK((now().pkru == 0x55 && now().pkrs == 0xaa && now().alignment_check()));
    x86::set_alignment_check(processor, false);
    CHECK_FALSE(now().alignment_check());
    const std::uint64_t cr0 = now().cr0, cr4 = now().cr4, efer = now().efer;
    x86::move_to_cr0(processor, cr0 & ~one(x86::cr0_wp));
    CHECK_FALSE(now().write_protect());
    CHECK(x86::move_to_cr0(processor, cr0 & ~one(x86::cr0_pe)).general_protection);
    CHECK(now().cr0 == (cr0 & ~one(x86::cr0_wp)));
    CHECK(x86::move_to_cr4(processor, cr4 ^ one(x86::cr4_la57)).general_protection);
    CHECK(now().cr4 == cr4);
    CHECK_FALSE(x86::write_efer(processor, efer & ~one(x86::efer_lme)));
    CHECK(x86::write_efer(processor, efer & ~one(x86::efer_nxe)));
    CHECK_FALSE(now().no_execute());
    CHECK(x86::invpcid(processor, 4, {}) == x86::TlbInstruction::Result::general_protection);
    CHECK(x86::invpcid(processor, 2, {}) == x86::TlbInstruction::Result::done);
  };
  run.spec.l1d = tlb_of(4, 1);
  run.run({read_of(page_a), read_of(page_a + 8), after_call(read_of(page_a + 16))});
  CHECK(run.done(page_a + 8).at(0).served == Served::l1_tlb);
  CHECK(run.done(page_a + 16).at(0).served == Served::walk);
}

TEST_CASE("a broken invariant in a timed run names the cycle, the process and the accesses") {
  for (const std::uint32_t outstanding : {1u, 2u}) {
    const Death death = death_of([&] {
      MachineSpec spec = bare_machine();
      spec.max_outstanding = outstanding;
      ScriptedRun run(spec);
      run.software.on_fault = [](Va, Processor& processor, const auto&) {
        processor.spend(50);
        NW_CHECK(false, "broken on purpose");
        return FaultResponse::skip;
      };
      run.run({read_of(page_a), read_of(page_b)});
    });
    CHECK(death.signal == SIGABRT);
    CHECK(death.said.find("broken on purpose") != std::string::npos);
    // One read of a PML4E that is not present, then the handler.
    CHECK(death.said.find("while: cycle 150, machine.vcpu") != std::string::npos);
    CHECK(death.said.find("; read of 0x10000000 in space 0, issued at cycle 0") !=
          std::string::npos);
  }
}
