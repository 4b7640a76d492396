// Reads and cycles of walks on the timed machine, for every pair of granules and start levels of
// the matrix (spec 2.2), cold and with each kind of walk cache (spec 2.4). Each row is a machine of
// its own on which every read takes 100 cycles; the first access faults, the second is counted.
#include <doctest/doctest.h>

#include "architectures.h"
#include "child.h"
#include "support.h"
#include "unit/arm64/matrix.h"

using namespace nestwalk;
using namespace nestwalk::test;
using arm64::Granule;

namespace {

using arm64::test::spec_of;
using arm64::test::stage1_rows;
using arm64::test::Stage1Row;
using arm64::test::Stage2Row;
using enum Granule;

// The columns of spec 2.2: those whose addresses hold the machine's memory.
std::vector<Stage2Row> columns() {
  std::vector<Stage2Row> all;
  for (const Stage2Row& row : arm64::test::stage2_rows)
    if (row.ipa_bits > 32) all.push_back(row);
  return all;
}

unsigned page_lg2(Granule granule) { return arm64::row(granule).lg2; }

// Blocks of 2^lg2 bytes from a pool, in place of pages; 0: pages.
void reserve(SideSpec& side, unsigned lg2, std::uint64_t bytes) {
  if (!lg2) return;
  side.policy.kind = PolicyKind::hugetlb;
  side.policy.huge_lg2 = {static_cast<std::uint8_t>(lg2)};
  side.policy.reserved_bytes = bytes;
}

// "N reads in C cycles" of a second access to one page.
std::string second_access(const Stage1Row* s1, const Stage2Row* s2, const WalkCachesSpec& caches,
                          unsigned guest_lg2 = 0, unsigned host_lg2 = 0) {
  return in_child([&] {
    const auto arch = make_arm64(spec_of(s1, s2));
    MachineSpec machine = bare_machine();
    machine.walk_caches = caches;
    VirtualMachineSpec vm = small_vm();
    if (s1) vm.guest.policy.base_lg2 = static_cast<std::uint8_t>(page_lg2(s1->granule));
    if (s2) vm.host.policy.base_lg2 = static_cast<std::uint8_t>(page_lg2(s2->granule));
    if (guest_lg2 || host_lg2) {
      vm.guest.memory_bytes = 4 * GiB;
      vm.host.memory_bytes = 8 * GiB;
    }
    reserve(vm.guest, guest_lg2, 2 * GiB);
    reserve(vm.host, host_lg2, 4 * GiB);
    Rig rig(machine, vm, *arch);
    rig.add({read_of(0x2000000 + 8), read_of(0x2000000 + 16)});
    rig.run();
    const AccessDone& done = rig.seen.accesses.at(1);
    return std::to_string(done.entry_reads) + " reads in " + std::to_string(done.total_cycles);
  });
}
std::string reads(unsigned count) {
  return std::to_string(count) + " reads in " + std::to_string(count * 100);
}

WalkCachesSpec none() {
  WalkCachesSpec spec;
  spec.stage2_tlb.entries = 0;
  return spec;
}

template <class Expected>
void check_all_pairs(const WalkCachesSpec& caches, Expected expected) {
  for (const Stage1Row& s1 : stage1_rows)
    for (const Stage2Row& s2 : columns()) {
      CAPTURE(arm64::row(s1.granule).name);
      CAPTURE(s1.va_bits);
      CAPTURE(arm64::row(s2.granule).name);
      CAPTURE(s2.start_level);
      CHECK(second_access(&s1, &s2, caches) == reads(expected(s1, s2)));
    }
}

}  // namespace

TEST_CASE("spec 2.1: one stage alone, every granule and start level") {
  for (const Stage1Row& s1 : stage1_rows)
    CHECK(second_access(&s1, nullptr, none()) == reads(s1.levels));
  for (const Stage2Row& s2 : columns())
    CHECK(second_access(nullptr, &s2, none()) == reads(s2.levels));
}

TEST_CASE("T076 T077 spec 2.2: every pair of the matrix, cold") {
  check_all_pairs(none(), [](const Stage1Row& s1, const Stage2Row& s2) {
    return (s1.levels + 1) * (s2.levels + 1) - 1;
  });
}

TEST_CASE("spec 2.4: the stage-2 TLB has every page: one read a stage-1 level") {
  WalkCachesSpec caches = none();
  caches.stage2_tlb = {.entries = 64};
  check_all_pairs(caches, [](const Stage1Row& s1, const Stage2Row&) { return s1.levels; });
}

TEST_CASE("T079 spec 2.4: the last stage-1 table is known, with its physical address") {
  WalkCachesSpec caches = none();
  caches.stage1 = {walk_cache_of(0, 16)};
  check_all_pairs(caches, [](const Stage1Row& s1, const Stage2Row& s2) {
    // Only where one stage-2 page holds the whole table is there one physical address to keep.
    const bool whole = page_lg2(s2.granule) >= page_lg2(s1.granule);
    return 1 + (whole ? 0 : s2.levels) + s2.levels;
  });
}

TEST_CASE("T079 spec 2.4: the last stage-1 table is known, by its intermediate address") {
  WalkCachesSpec caches = none();
  caches.stage1 = {walk_cache_of(0, 16)};
  caches.stage1_holds_physical = false;
  check_all_pairs(caches,
                  [](const Stage1Row&, const Stage2Row& s2) { return 1 + s2.levels + s2.levels; });
}

TEST_CASE("spec 2.4: the last stage-2 tables are known: one read for each stage-2 walk") {
  WalkCachesSpec caches = none();
  caches.stage2 = {walk_cache_of(0, 64)};
  check_all_pairs(caches, [](const Stage1Row& s1, const Stage2Row&) { return s1.levels * 2 + 1; });
}

TEST_CASE("spec 2.3: blocks shorten the walk on their side: n1 (p + 1) + d") {
  struct Row {
    Stage1Row s1;
    Stage2Row s2;
    unsigned guest_lg2, host_lg2, reads;
  };
  constexpr Stage1Row s1_16k{k16, 48, 4}, s1_64k{k64, 48, 3};
  constexpr Stage2Row s2_16k{k16, 1, 48, 3}, s2_64k{k64, 2, 42, 2};
  constexpr Row rows[] = {{s1_16k, s2_16k, 25, 0, 15},  {s1_16k, s2_16k, 0, 25, 14},
                          {s1_16k, s2_16k, 25, 25, 11}, {s1_64k, s2_64k, 29, 0, 8},
                          {s1_64k, s2_64k, 0, 29, 7},   {s1_64k, s2_64k, 29, 29, 5}};
  for (const Row& row : rows)
    CHECK(second_access(&row.s1, &row.s2, none(), row.guest_lg2, row.host_lg2) == reads(row.reads));
}
