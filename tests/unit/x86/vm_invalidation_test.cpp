// Cases T121 to T132: combined and guest-physical mappings, VPIDs, EPT roots, ASIDs.
#include "cached_bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t G = one(8), r = 1, rw = 3;

BenchSpec ept_spec() {
  BenchSpec spec;
  spec.host = Paging::ept;
  return spec;
}

struct EptBench : CachedBench {
  EptBench() : CachedBench(ept_spec()) {
    vm.id = 5;
    map_page(1);
  }
  void transition() { apply(vm_transition(vm.id != 0)); }
  void invvpid(std::uint64_t type, std::uint64_t at = 0) {
    execute(x86::invvpid(type, {vm.id, at}, registers));
  }
  void invept(std::uint64_t type, std::uint64_t eptp) {
    execute(x86::invept(type, {eptp, 0}, spec.cpu, *ids));
  }
  // One set of numbers for EPT roots, as on one machine.
  std::shared_ptr<Ep4taIds> ids = std::make_shared<Ep4taIds>();
};

// The same with an engine that shares the numbers, and x cached under two EPT roots.
struct TwoRoots : EptBench {
  TwoRoots() {
    engine = Engine(spec.cpu, ids);
    engine.set(registers, vm);
    a = vm.eptp;
    b = second_eptp();
    fill(b);
    fill(a);
  }
  void fill(std::uint64_t eptp) {
    vm.eptp = eptp;
    REQUIRE(load(va) == "ok");
  }
  bool combined(std::uint64_t eptp) {
    vm.eptp = eptp;
    return cached(va);
  }
  bool guest_physical(std::uint64_t eptp) {
    vm.eptp = eptp;
    engine.set(registers, vm);
    return caches.stage2_tlb.lookup(Ipa{data_page}, engine.second_stage_tag()) != nullptr;
  }
  std::uint64_t a = 0, b = 0;
};

}  // namespace

TEST_CASE("A-65 A-66: combined mappings go by VPID, PCID and EPT root, linear ones by no root") {
  TwoRoots b;
  b.registers.cr4 |= one(cr4_pcide);
  b.registers.cr3 = (b.registers.cr3 & ~low_mask(12)) | 7;
  const auto tag = [&](std::uint16_t vpid, std::uint64_t eptp) {
    b.vm.id = vpid;
    b.vm.eptp = eptp;
    b.engine.set(b.registers, b.vm);
    return b.engine.tag();
  };
  const Tag first = tag(5, b.a), other_vm = tag(6, b.a), other_root = tag(5, b.b);
  CHECK(first.vm == 5);
  CHECK(first.space == 7);
  CHECK(first.root != 0);
  CHECK(other_vm.vm == 6);
  CHECK(other_vm.root == first.root);
  CHECK(other_root.root != first.root);
  // Without EPT: linear mappings; VPID 0 is the host's.
  b.vm.paging = Paging::none;
  CHECK(tag(0, b.a).root == 0);
  CHECK(tag(0, b.a).vm == 0);
  CHECK(tag(5, b.a).vm == 5);
  CHECK(tag(5, b.a).root == 0);
}

TEST_CASE("T121 A-82: without VPID a VM exit and entry drop everything") {
  CachedBench b;
  CHECK(b.load(b.va) == "ok");
  b.apply(vm_transition(false));
  b.apply(vm_transition(false));
  CHECK(b.load(b.va) == "ok");
  CHECK(b.reads() == 4);
}

TEST_CASE("T122 A-83: with VPID they drop nothing") {
  EptBench b;
  CHECK(b.load(b.va) == "ok");
  b.transition();
  b.transition();
  CHECK(b.load(b.va) == "ok");
  CHECK(b.reads() == 0);
}

TEST_CASE("A-82: the transition of a guest without VPID keeps guest-physical mappings") {
  EptBench b;
  b.vm.id = 0;
  CHECK(b.load(b.va) == "ok");
  b.transition();
  CHECK(b.tlb.occupied() == 0);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.reads() == 4);  // the guest's tables again, nested translations cached
}

TEST_CASE("T123 A-86: INVVPID drops combined mappings of every EPT root, no guest-physical ones") {
  TwoRoots t;
  t.invvpid(1);
  for (const std::uint64_t eptp : {t.a, t.b}) {
    CHECK_FALSE(t.combined(eptp));
    CHECK(t.guest_physical(eptp));
  }
}

TEST_CASE("T124 A-89: INVEPT of one root") {
  TwoRoots t;
  t.invept(1, t.a);
  CHECK_FALSE(t.combined(t.a));
  CHECK_FALSE(t.guest_physical(t.a));
  CHECK(t.combined(t.b));
  CHECK(t.guest_physical(t.b));
}

TEST_CASE("A-90: INVEPT of all roots leaves linear mappings") {
  TwoRoots t;
  CachedBench native;
  CHECK(native.load(native.va) == "ok");
  t.tlb.fill(native.reply.entry, native.va);
  t.invept(2, 0);
  CHECK_FALSE(t.combined(t.a));
  CHECK_FALSE(t.combined(t.b));
  CHECK_FALSE(t.guest_physical(t.a));
  CHECK_FALSE(t.guest_physical(t.b));
  CHECK(t.tlb.occupied() == 1);
  CHECK(t.caches.stage1.occupied() == 0);
  CHECK(t.caches.stage2.occupied() == 0);
}

TEST_CASE("T125 A-86 A-89: an EPT right taken away is seen after INVEPT") {
  EptBench b;
  CHECK(b.store(b.va) == "ok");
  b.set_rights(data_page, 0, r);
  CHECK(b.store(b.va) == "ok");  // stale, legal
  b.invvpid(1);
  CHECK(b.store(b.va) == "ok");  // stale, legal: guest-physical
  b.invept(2, 0);
  CHECK(b.store(b.va) == "EPT 0x18a");
}

TEST_CASE("T126 A-84: an EPT right granted after a violation needs no INVEPT") {
  EptBench b;
  b.set_rights(data_page, 0, r);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.store(b.va) == "EPT 0x18a");
  b.set_rights(data_page, 0, rw);
  CHECK(b.store(b.va) == "ok");
}

TEST_CASE("A-84: an EPT violation drops the mappings of its two addresses only") {
  EptBench b;
  CHECK(b.load(b.va) == "ok");
  CHECK(b.load(b.page(1)) == "ok");
  b.engine.set(b.registers, b.vm);
  b.apply(ept_violation_invalidation(Ipa{data_page}, b.va, b.engine.tag()));
  const Tag tag = b.engine.second_stage_tag();
  CHECK_FALSE(b.cached(b.va));
  CHECK(b.cached(b.page(1)));
  CHECK(b.caches.stage2_tlb.lookup(Ipa{data_page}, tag) == nullptr);
  CHECK(b.caches.stage2_tlb.lookup(Ipa{data_page + 0x1000}, tag) != nullptr);
}

TEST_CASE("T127 A-92: an EPT entry made present needs no INVEPT") {
  EptBench b;
  const std::uint64_t leaf = b.host_entry(data_page, 0);
  b.set_host_entry(data_page, 0, 0);
  CHECK(b.load(b.va) == "EPT 0x181");
  b.set_host_entry(data_page, 0, leaf);
  CHECK(b.load(b.va) == "ok");
}

TEST_CASE("T128 A-70 A-64: after the guest's INVLPG its tables are read again, EPT's need not be") {
  EptBench b;
  CHECK(b.load(b.va) == "ok");
  b.invlpg(b.va);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.reads() == 4);
}

TEST_CASE("T129 A-89: EPT pointers that differ in the A/D bit name the same root") {
  for (const bool with_bit : {false, true}) {
    EptBench b;
    b.engine = Engine(b.spec.cpu, b.ids);
    const std::uint64_t plain = b.vm.eptp, flagged = b.vm.eptp | one(6);
    for (const std::uint64_t eptp : {plain, flagged}) {
      b.vm.eptp = eptp;
      CHECK(b.load(b.va) == "ok");
    }
    b.invept(1, with_bit ? flagged : plain);
    CHECK(b.tlb.occupied() == 0);
    CHECK(b.caches.stage2_tlb.occupied() == 0);
  }
}

TEST_CASE("T131 A-88: INVVPID 3 keeps globals") {
  EptBench b;
  b.registers.cr4 |= one(cr4_pge);
  b.map_page(0, baseline_leaf | G);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.load(b.page(1)) == "ok");
  b.invvpid(3);
  CHECK(b.cached(b.va));
  CHECK_FALSE(b.cached(b.page(1)));
}

TEST_CASE("A-85 A-87: INVVPID by address; of all contexts but the host's") {
  EptBench b;
  CHECK(b.load(b.va) == "ok");
  CHECK(b.load(b.page(1)) == "ok");
  b.invvpid(0, b.va.value);
  CHECK_FALSE(b.cached(b.va));
  CHECK(b.cached(b.page(1)));
  CachedBench host;
  CHECK(host.load(host.va) == "ok");
  b.tlb.fill(host.reply.entry, host.va);
  b.execute(x86::invvpid(2, {0, 0}, b.registers));
  CHECK_FALSE(b.cached(b.page(1)));
  CHECK(b.tlb.occupied() == 1);  // VPID 0
}

TEST_CASE("T132: INVEPT and INVVPID operands that fail with error 28") {
  const Cpu cpu;
  Ep4taIds ids;
  Registers registers;
  const auto fails = [](const TlbInstruction& instruction) {
    return instruction.result == TlbInstruction::Result::vm_fail &&
           instruction.vm_instruction_error == 28 && instruction.invalidations.empty();
  };
  const std::uint64_t eptp = make_eptp(0x1000, 4, false).raw;
  for (const std::uint64_t type : {0u, 3u, 4u})
    CHECK(fails(x86::invept(type, {eptp, 0}, cpu, ids)));
  CHECK_FALSE(fails(x86::invept(1, {eptp, 0}, cpu, ids)));
  CHECK(fails(x86::invept(1, {eptp | one(11), 0}, cpu, ids)));
  for (const std::uint64_t type : {0u, 1u, 3u}) {
    CHECK(fails(x86::invvpid(type, {0, 0}, registers)));
    CHECK(fails(x86::invvpid(type, {one(16) | 5, 0}, registers)));
    CHECK_FALSE(fails(x86::invvpid(type, {5, 0}, registers)));
  }
  CHECK_FALSE(fails(x86::invvpid(2, {0, 0}, registers)));
  CHECK(fails(x86::invvpid(2, {one(16), 0}, registers)));  // SDM 31.3: whatever the type
  CHECK(fails(x86::invvpid(4, {5, 0}, registers)));
  CHECK(fails(x86::invvpid(0, {5, one(47)}, registers)));
}

TEST_CASE("A-93: TLB_CONTROL and INVLPGA") {
  BenchSpec spec;
  spec.host = Paging::npt;
  spec.cpu.vendor = Vendor::amd;
  const auto filled = [&](CachedBench& b) {
    b.registers.cr4 |= one(cr4_pge);
    b.map_page(0, baseline_leaf | G);
    b.map_page(1);
    for (const std::uint16_t asid : {std::uint16_t{7}, std::uint16_t{6}}) {
      b.vm.id = asid;
      CHECK(b.load(b.page(0)) == "ok");
      CHECK(b.load(b.page(1)) == "ok");
    }
    CHECK(b.tlb.occupied() == 4);
  };
  struct Row {
    TlbControl control;
    std::size_t left;
  };
  for (const Row& row : {Row{TlbControl::none, 4}, Row{TlbControl::all_asids, 0},
                         Row{TlbControl::this_asid, 2}, Row{TlbControl::this_asid_non_global, 3}}) {
    CachedBench b(spec);
    filled(b);
    const std::size_t nested = b.caches.stage2_tlb.occupied();
    b.apply(vmrun_invalidation(row.control, 6));
    CHECK(b.tlb.occupied() == row.left);
    CHECK(b.caches.stage2_tlb.occupied() == (row.left == 4   ? nested
                                             : row.left == 0 ? 0
                                                             : nested / 2));
  }
  CachedBench b(spec);
  filled(b);
  CHECK(invlpga(b.page(1), 7, b.registers).result == TlbInstruction::Result::invalid_opcode);
  Registers host = b.registers;
  host.efer |= one(efer_svme);
  b.execute(invlpga(b.page(1), 7, host));
  CHECK(b.cached(b.page(1)));  // ASID 6
  b.vm.id = 7;
  CHECK_FALSE(b.cached(b.page(1)));
  CHECK(b.cached(b.page(0)));
}

}  // namespace nestwalk::x86::test
