// The special sequences of kvm-unit-tests' access test (U-16 to U-21): several accesses through
// aliases, with and without a TLB entry made before.
#include "cached_bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), W = one(1), U = one(2), D = one(6), G_large = one(7),
                        XD = one(63);

// Two linear addresses, 2 MiB apart, that map one 2 MiB page: a is read-only, b writable.
struct Aliases : CachedBench {
  Aliases() : CachedBench({.guest_leaf_lg2 = 21}) {
    const std::uint64_t leaf = spec.data | P | U | G_large | one(5);
    set_entry(1, leaf);
    memory.write(Pa{entry_at(1) + 8}, 8, leaf | W);
  }
  Va a() const { return va; }
  Va b() const { return va + 2 * MiB; }
  std::uint64_t entry_of_b() const { return memory.read(Pa{entry_at(1) + 8}, 8); }
  std::string supervisor_store(Va at) { return access({AccessType::write, false}, at); }
};

}  // namespace

TEST_CASE("U-16: a read-only alias stays so when the page is written through the other") {
  Aliases bench;
  CHECK(bench.load(bench.a()) == "ok");
  CHECK(bench.load(bench.b()) == "ok");
  CHECK(bench.store(bench.b()) == "ok");
  CHECK(bench.store(bench.a()) == "#PF 0x7");
  CHECK(bench.reply.fault.stage == 1);
}

TEST_CASE("U-17: a neighbour with a reserved bit is not served by what was cached near it") {
  CachedBench bench;
  bench.registers.efer &= ~one(efer_nxe);
  for (unsigned i = 1; i <= 3; ++i) bench.map_page(i);
  bench.map_page(3, baseline_leaf | XD);
  CHECK(bench.load(bench.page(1)) == "ok");
  CHECK(bench.load(bench.page(3)) == "#PF 0xd");
  CHECK(bench.load(bench.page(2)) == "ok");
}

TEST_CASE("U-18: without WP, D is set in both aliases of a page") {
  Aliases bench;
  bench.registers.cr0 &= ~one(cr0_wp);
  CHECK(bench.supervisor_store(bench.a()) == "ok");
  CHECK(bench.supervisor_store(bench.b()) == "ok");
  CHECK((bench.entry(1) & D) == D);
  CHECK((bench.entry_of_b() & D) == D);
}

TEST_CASE("U-19: a write that WP = 0 allows gives no right to fetch under SMEP") {
  for (const bool write_protect : {false, true}) {
    CachedBench bench;
    bench.clear_bits(0, W | D);
    bench.registers.cr0 &= ~one(cr0_wp);
    if (write_protect) bench.registers.cr0 |= one(cr0_wp);
    bench.registers.cr4 |= one(cr4_smep);
    CHECK(bench.access({AccessType::write, false}, bench.va) == (write_protect ? "#PF 0x3" : "ok"));
    CHECK(bench.access({AccessType::fetch, false}, bench.va) == "#PF 0x11");
  }
}

TEST_CASE("U-20: WP and NXE count from the moment they are written, without any flush") {
  CachedBench bench;
  bench.clear_bits(0, W | U);
  bench.registers.cr0 &= ~one(cr0_wp);
  CHECK(bench.access({AccessType::write, false}, bench.va) == "ok");
  bench.registers.cr0 |= one(cr0_wp);
  CHECK(bench.access({AccessType::write, false}, bench.va) == "#PF 0x3");
  bench.registers.efer &= ~one(efer_nxe);
  CHECK(bench.access({AccessType::write, false}, bench.va) == "#PF 0x3");
  bench.registers.cr0 &= ~one(cr0_wp);
  CHECK(bench.access({AccessType::write, false}, bench.va) == "ok");
  CHECK((bench.entry(0) & D) == D);
}

// Four pointers to one page directory: by two PDPTEs of which one is read-only.
TEST_CASE("U-21: tables shared below a read-only and a writable entry") {
  for (const bool writable_first : {false, true}) {
    CachedBench bench;
    const std::uint64_t shared = bench.entry(2);
    bench.set_entry(2, shared & ~W);
    bench.memory.write(Pa{bench.entry_at(2) + 8}, 8, shared);
    const Va read_only = bench.va, writable = bench.va + GiB;
    if (writable_first) CHECK(bench.store(writable) == "ok");
    CHECK(bench.load(read_only) == "ok");
    CHECK(bench.store(read_only) == "#PF 0x7");
    CHECK(bench.store(writable) == "ok");
    CHECK(bench.store(read_only) == "#PF 0x7");
    CHECK(bench.load(writable) == "ok");
  }
}

}  // namespace nestwalk::x86::test
