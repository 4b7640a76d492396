// Cases T045 to T054: 32-bit and PAE paging, and the PDPTE registers.
#include "bench.h"

namespace nestwalk::x86::test {
namespace {

Bench two_level(unsigned leaf_lg2 = 22, const Cpu& cpu = {}) {
  BenchSpec spec;
  spec.guest = PagingKind::two_level;
  spec.guest_leaf_lg2 = leaf_lg2;
  spec.cpu = cpu;
  return Bench(spec);
}

Bench pae() { return Bench({.guest = PagingKind::pae}); }

}  // namespace

TEST_CASE("T045 A-2: a 4M page") {
  Bench b = two_level();
  b.va = Va{0x00c12345};  // PDE 3
  b.set_entry(1, 0x01000000 | baseline_leaf | one(pte_ps));
  CHECK(b.user_read() == "ok");
  CHECK(b.reply.pa == Pa{0x01012345});
  CHECK(b.reads() == 1);
}

TEST_CASE("T046 A-20: without PSE bit 7 of a PDE means nothing") {
  Bench b = two_level(12);
  b.registers.cr4 &= ~one(cr4_pse);
  b.set_bits(1, one(pte_ps));
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 2);
}

TEST_CASE("T047 A-13: PSE-36") {
  Bench b = two_level();
  b.set_bits(1, one(13));
  CHECK(b.user_read() == "ok");
  CHECK(b.reply.pa.value == (one(32) | data_page | (b.va.value & low_mask(22))));
}

TEST_CASE("T048 A-12 A-13: bit 21 of a 4M PDE is reserved") {
  Bench b = two_level();
  b.set_bits(1, one(21));
  CHECK(b.read() == "#PF 0x9");
}

TEST_CASE("T049 A-13: how far PSE-36 reaches") {
  Cpu narrow;
  narrow.pse36_address_bits = 36;
  Bench kvm = two_level(22, narrow);
  kvm.set_bits(1, one(17));
  CHECK(kvm.read() == "#PF 0x9");
  Bench hardware = two_level();
  hardware.set_bits(1, one(17));
  CHECK(hardware.read() == "ok");
  CHECK(bit(hardware.reply.pa.value, 36));
  // Above MAXPHYADDR the bits are reserved; without PSE-36 all of them are.
  for (unsigned m = 36; m <= 40; ++m)
    for (unsigned position = 13; position <= 20; ++position) {
      Cpu cpu;
      cpu.maxphyaddr = static_cast<std::uint8_t>(m);
      Bench b = two_level(22, cpu);
      b.set_bits(1, one(position));
      CHECK(b.read() == (position - 13 + 32 < m ? "ok" : "#PF 0x9"));
      cpu.pse36_address_bits = 32;
      Bench none = two_level(22, cpu);
      none.set_bits(1, one(position));
      CHECK(none.read() == "#PF 0x9");
    }
}

TEST_CASE("A-11: 32-bit PTEs and PDEs that name tables have no reserved bits") {
  Bench b = two_level(12);
  b.set_bits(1, field_mask(11, 8) | one(6));
  b.set_bits(0, field_mask(11, 7));
  CHECK(b.user_read() == "ok");
}

TEST_CASE("T050 A-41: fetches in 32-bit mode are told apart by SMEP only") {
  Bench b = two_level(12);
  b.registers.efer |= one(efer_nxe);
  b.clear_bits(0, one(pte_us));
  CHECK(b.user_fetch() == "#PF 0x5");
  b.registers.cr4 |= one(cr4_smep);
  CHECK(b.user_fetch() == "#PF 0x15");
}

TEST_CASE("T051 A-3: a PDPTE register that is not present") {
  Bench b = pae();
  b.registers.pdptes[2] = 0;
  CHECK(b.run({}, Va{0x80000000}) == "#PF 0x4");
  CHECK(b.reads() == 0);
}

TEST_CASE("T052 A-7: PDPTEs in memory count once CR3 is loaded") {
  Bench b = pae();
  b.registers.pdptes[2] = 0;
  CHECK(b.run({}, Va{0x80000000}) == "#PF 0x4");
  b.memory.write(Pa{guest_root + 16}, 8, (guest_root + 0x1000) | 1);
  b.memory.write(Pa{guest_root + 0x1000}, 8, (guest_root + 0x2000) | baseline_entry);
  b.memory.write(Pa{guest_root + 0x2000}, 8, data_page | baseline_leaf);
  CHECK(b.run({}, Va{0x80000000}) == "#PF 0x4");
  const LoadOutcome load = b.engine.move_to_cr3(b.registers.cr3, b.caches, b.port);
  CHECK_FALSE(load.general_protection);
  b.registers = b.engine.registers();
  CHECK(b.run({}, Va{0x80000000}) == "ok");
  CHECK(b.reads() == 2);
}

TEST_CASE("T053 A-7 A-14: reserved bits of a PDPTE make MOV CR3 fail") {
  for (const unsigned position : {1u, 2u, 5u, 6u, 7u, 8u, 46u, 52u, 62u, 63u}) {
    Bench b = pae();
    b.registers.pdptes[0] = 0x1234001;
    b.engine.set_registers(b.registers);
    b.memory.write(Pa{guest_root}, 8, (guest_root + 0x1000) | 1 | one(position));
    const LoadOutcome load = b.engine.move_to_cr3(guest_root, b.caches, b.port);
    CAPTURE(position);
    CHECK(load.general_protection);
    CHECK(load.invalidations.empty());
    CHECK(b.engine.registers().pdptes[0] == 0x1234001);
  }
}

TEST_CASE("T054 A-14: PWT, PCD and garbage in an absent PDPTE are fine") {
  Bench b = pae();
  b.memory.write(Pa{guest_root}, 8, (guest_root + 0x1000) | 1 | one(3) | one(4));
  b.memory.write(Pa{guest_root + 8}, 8, ~one(0));
  CHECK_FALSE(b.engine.move_to_cr3(guest_root, b.caches, b.port).general_protection);
}

TEST_CASE("A-7: CR0 and CR4 writes that reload the PDPTE registers") {
  Bench b = pae();
  const std::uint64_t reloaded = (guest_root + 0x1000) | 1 | one(3);
  const auto reloads = [&](auto move) {
    b.engine.set_registers(b.registers);
    b.memory.write(Pa{guest_root}, 8, reloaded);
    move();
    return b.engine.registers().pdptes[0] == reloaded;
  };
  b.registers.pdptes[0] = 0;
  for (const unsigned position : {cr4_pge, cr4_pse, cr4_smep})
    CHECK(
        reloads([&] { b.engine.move_to_cr4(b.registers.cr4 ^ one(position), b.caches, b.port); }));
  for (const unsigned position : {cr4_smap, cr4_pke})
    CHECK_FALSE(
        reloads([&] { b.engine.move_to_cr4(b.registers.cr4 ^ one(position), b.caches, b.port); }));
  CHECK(reloads([&] { b.engine.move_to_cr0(b.registers.cr0 ^ one(cr0_cd), b.caches, b.port); }));
  CHECK_FALSE(
      reloads([&] { b.engine.move_to_cr0(b.registers.cr0 ^ one(cr0_wp), b.caches, b.port); }));
}

TEST_CASE("A-6: CR3 bits that address the root") {
  Bench b = pae();
  b.registers.cr3 = guest_root | 0x1f;  // 32-byte aligned table
  CHECK(b.user_read() == "ok");
  Bench four;
  four.registers.cr3 = guest_root | 0x18;  // PWT, PCD
  CHECK(four.user_read() == "ok");
  Bench legacy = two_level(12);
  legacy.registers.cr3 = guest_root | 0xfff;
  CHECK(legacy.user_read() == "ok");
}

TEST_CASE("A-1: no paging") {
  Bench b({.guest = PagingKind::off});
  CHECK(b.run({AccessType::write, true}, Va{0x1'2345'6789}) == "ok");
  CHECK(b.reply.pa == Pa{0x23456789});  // linear addresses have 32 bits
  CHECK(b.reads() == 0);
}

}  // namespace nestwalk::x86::test
