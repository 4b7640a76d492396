// Address spaces, unmapping and release, pools, and guest memory over a host.
#include "common/guest/guest_kernel.h"

#include <doctest/doctest.h>

#include "unit/guest/guest_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

TEST_CASE("each space has its own tables") {
  GuestRig rig(false);
  rig.kernel.handle_fault(1, Va{0x5000}, rig.software());
  Ipa ipa;
  std::uint8_t size = 0;
  CHECK_FALSE(rig.kernel.truth(2, Va{0x5000}, ipa, size));
  CHECK(rig.kernel.space(1).tables->root() != rig.kernel.space(2).tables->root());
  CHECK(rig.kernel.table_bytes() == 4 * 4 * KiB);
}

TEST_CASE("a 64 KiB block is one fault and a row of entries; it is changing until it is settled") {
  GuestRig rig(true, {PolicyKind::thp, 12, {16}});
  AddressSpace& space = rig.kernel.space(1);
  const auto placed = space.placer->place({0x1'2345});
  REQUIRE(placed);
  CHECK(rig.kernel.changing(1, Va{0x1'ffff}));
  CHECK_FALSE(rig.kernel.changing(1, Va{0x2'0000}));
  CHECK_FALSE(rig.kernel.changing(2, Va{0x1'2345}));
  rig.map_elsewhere(0x1'5000);
  CHECK_FALSE(rig.kernel.changing(1, Va{0x1'2345}));
  for (std::uint64_t va = 0x1'0000; va < 0x2'0000; va += 0x1000) CHECK(rig.mapped(va));
  CHECK(rig.kernel.counts().pages_by_lg2[16] == 1);
  Random random(1);
  const auto page = rig.kernel.unmap_one(1, random, rig.software());
  REQUIRE(page);
  const UnmappedBlock block = rig.kernel.unmapped_block(1, *page);
  CHECK(block.base == Va{0x1'0000});
  CHECK(block.size_lg2 == 16);
  CHECK(block.leaf_lg2 == 12);
  CHECK(rig.software().stores.size() == 16);
  for (std::uint64_t va = 0x1'0000; va < 0x2'0000; va += 0x1000) CHECK_FALSE(rig.mapped(va));
  rig.kernel.release(*page);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("unmapping one page: chosen among those mapped, its memory kept until release") {
  GuestRig rig(true, {PolicyKind::thp});
  Random random(1);
  CHECK_FALSE(rig.kernel.unmap_one(1, random, rig.software()));
  for (std::uint64_t i = 0; i < 4; ++i) rig.map_elsewhere(i * 2 * MiB);
  const std::uint64_t free_before = rig.kernel.frames().free_bytes();
  const auto page = rig.kernel.unmap_one(1, random, rig.software());
  REQUIRE(page);
  CHECK_FALSE(rig.mapped(page->base));
  CHECK(rig.kernel.changing(1, Va{page->base + 0x12345}));
  CHECK_FALSE(rig.kernel.changing(2, Va{page->base}));
  CHECK_FALSE(rig.kernel.changing(1, Va{page->base + 2 * MiB}));
  CHECK(rig.kernel.counts().mapped_bytes == 6 * MiB);
  CHECK(rig.kernel.counts().pages_by_lg2[21] == 3);
  CHECK(rig.kernel.frames().free_bytes() == free_before);
  CHECK(rig.software().locks == std::vector{LockId::guest_mm});
  CHECK(rig.software().stored_locked);
  CHECK(rig.software().spent == rig.cost("unmap_page"));
  rig.kernel.release(*page);
  CHECK_FALSE(rig.kernel.changing(1, Va{page->base}));
  CHECK(rig.lost_bytes() == 0);
  rig.map_elsewhere(page->base);  // and it can come back, as a large page
  CHECK(rig.kernel.counts().pages_by_lg2[21] == 4);
}

TEST_CASE("all pages can be unmapped, each once") {
  GuestRig rig(false, {}, 32 * MiB, true);
  Random random(7);
  for (std::uint64_t i = 0; i < 20; ++i) rig.map_elsewhere(i << 12);
  rig.map_elsewhere(~low_mask(30));  // one of the upper half, named by its virtual address
  bool upper = false;
  for (int i = 0; i < 21; ++i) {
    const auto page = rig.kernel.unmap_one(1, random, rig.software());
    REQUIRE(page);
    upper |= page->base == ~low_mask(30);
    rig.kernel.release(*page);
  }
  CHECK(upper);
  CHECK_FALSE(rig.kernel.unmap_one(1, random, rig.software()));
  CHECK(rig.kernel.counts().mapped_bytes == 0);
  CHECK(rig.lost_bytes() == 0);
}

TEST_CASE("a pool that does not fit is refused") {
  HostRig host;
  GuestKernel kernel(host.memory, {4 * MiB}, GuestMemory(nullptr, nullptr),
                     numbered_costs(guest_steps), {}, false);
  CHECK_FALSE(kernel.set_policy({PolicyKind::hugetlb, 12, {21}, 6 * MiB}));
  CHECK(kernel.set_policy({PolicyKind::hugetlb, 12, {21}, 4 * MiB}));
}

TEST_CASE(
    "guest memory: without a host it is physical memory; with one it is backed on first use") {
  HostRig host;
  GuestMemory direct(nullptr, nullptr);
  CHECK(direct.reach(Ipa{0x1234}, host.software) == Pa{0x1234});
  direct.reach_all(Ipa{0}, 21, host.software);
  CHECK(host.software.spent == 0);

  PlainHostPath path;
  GuestMemory nested(&host.vm, &path);
  Pa pa;
  CHECK_FALSE(nested.backing(Ipa{0x1234}, pa));
  const Pa reached = nested.reach(Ipa{0x1234}, host.software);
  CHECK(nested.backing(Ipa{0x1234}, pa));
  CHECK(pa == reached);
  CHECK(host.software.spent == 7);
  nested.reach(Ipa{0x1000}, host.software);
  CHECK(host.software.spent == 7);
  nested.reach_all(Ipa{0}, 14, host.software);  // three of four pages are missing
  CHECK(host.software.spent == 4 * 7);
}

TEST_CASE("guest tables: smaller than a frame takes a frame; given back reads as zero") {
  GuestRig rig(true);
  GuestMemory& memory = rig.kernel.memory();
  GuestTableIo io(memory, rig.kernel.frames(), rig.host.memory, rig.software(), 3);
  const std::uint64_t before = rig.kernel.frames().free_bytes();
  const std::uint64_t table = io.allocate_table(5);
  CHECK(io.made_bytes() == 4 * KiB);
  io.store(table + 8, 8, 42);
  CHECK(io.load(table + 8, 8) == 42);
  Pa pa;
  REQUIRE(memory.backing(Ipa{table}, pa));
  CHECK(rig.host.memory.read(pa + 8, 8) == 42);
  io.free_table(table, 5);
  CHECK(rig.host.memory.read(pa + 8, 8) == 0);
  CHECK(rig.kernel.frames().free_bytes() == before);
}
