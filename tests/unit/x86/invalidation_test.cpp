// Cases T107 to T120: linear mappings and paging-structure caches, by address, PCID and registers.
#include "cached_bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), A = one(5), G = one(8), no_flush = one(63);
constexpr std::uint64_t cr3(std::uint64_t pcid) { return guest_root | pcid; }

// x is global, y is not; CR4.PGE is set.
struct GlobalBench : CachedBench {
  GlobalBench() {
    registers.cr4 |= one(cr4_pge);
    map_page(0, baseline_leaf | G);
    map_page(1);
  }
  Va x() const { return page(0); }
  Va y() const { return page(1); }
  void fill() {
    REQUIRE(load(x()) == "ok");
    REQUIRE(load(y()) == "ok");
  }
};

// Fills x and y (of GlobalBench) under PCIDs 1 and 2, and ends under 1.
struct PcidBench : GlobalBench {
  PcidBench() {
    use_pcids();
    for (const std::uint64_t pcid : {2u, 1u}) {
      move_to_cr3(cr3(pcid) | no_flush);
      fill();
    }
  }
  bool y_cached_under(std::uint64_t pcid) {
    const std::uint64_t now = registers.cr3;
    registers.cr3 = cr3(pcid);
    const bool found = cached(y());
    registers.cr3 = now;
    return found;
  }
};

}  // namespace

TEST_CASE("T107 A-68: P cleared without a flush: the model goes on with the stale entry") {
  CachedBench b;
  CHECK(b.load(b.va) == "ok");
  b.clear_bits(0, P);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.reads() == 0);
}

TEST_CASE("T108 A-70: the same with INVLPG") {
  CachedBench b;
  CHECK(b.load(b.va) == "ok");
  b.clear_bits(0, P);
  b.invlpg(b.va);
  CHECK(b.load(b.va) == "#PF 0x4");
}

TEST_CASE("T109 A-40 A-92: an entry made present needs no flush") {
  CachedBench b;
  b.clear_bits(0, P);
  CHECK(b.load(b.va) == "#PF 0x4");
  b.set_bits(0, P);
  CHECK(b.load(b.va) == "ok");
}

TEST_CASE("T110 A-70: INVLPG of any address drops all paging-structure caches of the PCID") {
  CachedBench b;
  const std::uint64_t new_table = guest_root + 0x10000;
  b.map_page(1);
  CHECK(b.load(b.page(0)) == "ok");
  for (unsigned i = 0; i < 8; ++i)
    b.memory.write(Pa{new_table + (b.pte_at(i) & 0xfff)}, 8,
                   (0x60000000 + 0x1000 * i) | baseline_leaf);
  b.set_entry(1, new_table | baseline_entry);
  CHECK(b.load(b.page(1)) == "ok");
  CHECK(b.reply.pa.value == data_page + 0x1000);  // stale: the PDE cache holds the old table
  CHECK(b.reads() == 1);
  b.invlpg(Va{0x7000});
  CHECK(b.load(b.page(2)) == "ok");
  CHECK(b.reply.pa.value == 0x60002000);
}

TEST_CASE("T111 A-67 A-75: MOV CR3 without PCIDs keeps global entries only") {
  GlobalBench b;
  b.fill();
  CHECK(b.caches.stage1.occupied() > 0);
  b.move_to_cr3(guest_root);
  CHECK(b.cached(b.x()));
  CHECK_FALSE(b.cached(b.y()));
  CHECK(b.caches.stage1.occupied() == 0);
}

TEST_CASE("T112 A-70: INVLPG removes a global entry whatever its PCID") {
  PcidBench b;
  b.move_to_cr3(cr3(2) | no_flush);
  b.invlpg(b.x());
  CHECK_FALSE(b.cached(b.x()));
  b.move_to_cr3(cr3(1) | no_flush);
  CHECK_FALSE(b.cached(b.x()));
}

TEST_CASE("T113 A-70 A-77: INVLPG leaves other PCIDs' entries") {
  PcidBench b;
  b.move_to_cr3(cr3(2) | no_flush);
  b.invlpg(b.y());
  CHECK_FALSE(b.cached(b.y()));
  b.move_to_cr3(cr3(1) | no_flush);
  CHECK(b.cached(b.y()));
}

TEST_CASE("T114 A-76 A-77: MOV CR3 with and without bit 63") {
  PcidBench b;
  b.move_to_cr3(cr3(2) | no_flush);
  CHECK(b.y_cached_under(1));
  CHECK(b.y_cached_under(2));
  b.move_to_cr3(cr3(1));
  CHECK_FALSE(b.y_cached_under(1));
  CHECK(b.y_cached_under(2));
  CHECK(b.cached(b.x()));
}

TEST_CASE("T115 A-71 to A-74: INVPCID") {
  struct Row {
    std::uint64_t type;
    bool x, y_in_1, z_in_1, y_in_2;  // what stays; z is another page of PCID 1
  };
  for (const Row& row : {Row{0, true, false, true, true}, Row{1, true, false, false, true},
                         Row{2, false, false, false, false}, Row{3, true, false, false, false}}) {
    PcidBench b;
    b.map_page(2);
    CHECK(b.load(b.page(2)) == "ok");
    b.execute(invpcid(row.type, {1, b.y().value}, b.registers, b.vm));
    CAPTURE(row.type);
    CHECK(b.cached(b.x()) == row.x);
    CHECK(b.y_cached_under(1) == row.y_in_1);
    CHECK(b.cached(b.page(2)) == row.z_in_1);
    CHECK(b.y_cached_under(2) == row.y_in_2);
  }
}

TEST_CASE("A-71: INVPCID 0 keeps a global entry for the address itself") {
  PcidBench b;
  b.execute(invpcid(0, {1, b.x().value}, b.registers, b.vm));
  CHECK(b.cached(b.x()));
}

TEST_CASE("T116 A-78: CR4.PGE toggled, PCIDE cleared") {
  for (const unsigned position : {cr4_pge, cr4_pcide}) {
    PcidBench b;
    b.move_to_cr4(b.registers.cr4 ^ one(position));
    CHECK(b.tlb.occupied() == 0);
    CHECK(b.caches.stage1.occupied() == 0);
  }
  GlobalBench b;
  b.registers.cr4 &= ~one(cr4_pge);
  b.fill();
  b.move_to_cr4(b.registers.cr4 | one(cr4_pge));
  CHECK(b.tlb.occupied() == 0);
}

TEST_CASE("A-80: clearing CR0.PG drops everything") {
  GlobalBench b;
  b.fill();
  b.engine.set(b.registers, b.vm);
  b.apply(b.engine.move_to_cr0(b.registers.cr0 & ~one(cr0_pg), b.caches, b.port).invalidations);
  CHECK(b.tlb.occupied() == 0);
  CHECK(b.caches.stage1.occupied() == 0);
}

TEST_CASE("T117 A-79: SMEP set drops the current PCID's, SMEP cleared nothing") {
  PcidBench b;
  b.move_to_cr4(b.registers.cr4 | one(cr4_smep));
  CHECK_FALSE(b.y_cached_under(1));
  CHECK(b.y_cached_under(2));
  b.fill();
  b.move_to_cr4(b.registers.cr4 & ~one(cr4_smep));
  CHECK(b.y_cached_under(1));
}

TEST_CASE("T118 A-69: all pieces of a large page go together") {
  BenchSpec spec;
  spec.guest_leaf_lg2 = 21;
  spec.host = Paging::ept;
  CachedBench b(spec);
  const Va first = b.va.aligned(21);
  CHECK(b.load(first + 0x1000) == "ok");
  CHECK(b.load(first + 0x2000) == "ok");
  CHECK(b.reply.entry.size_lg2 == 12);
  CHECK(b.tlb.occupied() == 2);
  b.invlpg(first + 0x1ff000);
  CHECK(b.tlb.occupied() == 0);
}

TEST_CASE("T119 A-40: an entry whose A could not be set is not cached") {
  BenchSpec spec;
  spec.host = Paging::ept;
  CachedBench b(spec);
  b.clear_bits(1, A);
  b.set_rights(guest_root + 0x2000, 0, 1);  // the page directory is read-only
  CHECK(b.load(b.va) == "EPT 0x8b");
  CHECK((b.entry(1) & A) == 0);
  b.engine.set(b.registers, b.vm);
  CHECK(b.caches.stage1.lookup(0, b.va.value, 21, b.engine.tag()) == nullptr);
  CHECK(b.tlb.occupied() == 0);
}

TEST_CASE("T120 A-40: an entry with a reserved bit is not cached") {
  CachedBench b;
  b.set_bits(0, one(46));
  CHECK(b.load(b.va) == "#PF 0xd");
  b.clear_bits(0, one(46));
  CHECK(b.load(b.va) == "ok");
}

TEST_CASE("A-37: a page cached by a read is walked again for the first write") {
  CachedBench b;
  b.clear_bits(0, one(pte_d));
  CHECK(b.load(b.va) == "ok");
  CHECK(b.store(b.va) == "ok");
  CHECK(b.reads() > 0);
  CHECK(bit(b.entry(0), pte_d));
  CHECK(b.store(b.va) == "ok");
  CHECK(b.reads() == 0);
}

TEST_CASE("T130 A-10: operands that are not canonical") {
  PcidBench b;
  const Va bad{0x0001000000000000};
  const TlbInstruction nop = x86::invlpg(bad, b.registers, b.vm, b.spec.cpu);
  CHECK(nop.result == TlbInstruction::Result::done);
  CHECK(nop.invalidations.empty());
  CHECK(invpcid(0, {1, bad.value}, b.registers, b.vm).result ==
        TlbInstruction::Result::general_protection);
  CHECK(invpcid(1, {1, bad.value}, b.registers, b.vm).result == TlbInstruction::Result::done);
}

TEST_CASE("A-71: INVPCID operands that are refused") {
  PcidBench b;
  const auto refused = [&](std::uint64_t type, std::uint64_t low) {
    return invpcid(type, {low, 0}, b.registers, b.vm).result ==
           TlbInstruction::Result::general_protection;
  };
  CHECK(refused(4, 1));
  CHECK(refused(1, one(12)));
  CHECK_FALSE(refused(1, 0xfff));
  b.registers.cr4 &= ~one(cr4_pcide);
  CHECK(refused(0, 1));
  CHECK(refused(1, 1));
  CHECK_FALSE(refused(2, 1));
  CHECK_FALSE(refused(1, 0));
}

TEST_CASE("A-91: #PF drops the entries for its address") {
  CachedBench b;
  b.map_page(1);
  CHECK(b.load(b.va) == "ok");
  CHECK(b.load(b.page(1)) == "ok");
  b.engine.set(b.registers, b.vm);
  b.apply(page_fault_invalidation(b.va, b.engine.tag()));
  CHECK_FALSE(b.cached(b.va));
  CHECK(b.cached(b.page(1)));
  CHECK(b.caches.stage1.occupied() == 0);  // all were on the path
}

TEST_CASE("A-94: with EFER.TCE INVLPG keeps upper-level entries off its path") {
  BenchSpec spec;
  spec.cpu.vendor = Vendor::amd;
  CachedBench b(spec);
  CHECK(b.load(b.va) == "ok");
  const std::size_t held = b.caches.stage1.occupied();
  b.registers.efer |= one(efer_tce);
  b.invlpg(Va{b.va.value ^ one(47) ^ one(46)});
  CHECK(b.caches.stage1.occupied() == held);
  b.invlpg(b.va);
  CHECK(b.caches.stage1.occupied() == 0);
  CHECK(b.load(b.va) == "ok");
  b.registers.efer &= ~one(efer_tce);
  b.invlpg(Va{0x7000});
  CHECK(b.caches.stage1.occupied() == 0);
}

}  // namespace nestwalk::x86::test
