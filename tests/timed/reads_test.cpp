// Closed forms of reads per walk, on the timed machine with all caches off: a walk over g tables of
// stage 1 and h of stage 2 reads (g+1)(h+1)-1 entries, each a DRAM access of 100 cycles. Each row
// is a machine of its own. The first access faults and sets flags; the second is the one counted.
#include <doctest/doctest.h>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using enum PagingKind;

namespace {

constexpr std::uint8_t k4 = 12, m2 = 21, m4 = 22, g1 = 30;

SideSpec side(std::uint64_t memory_bytes, std::uint8_t page_lg2, std::uint64_t pool_bytes) {
  SideSpec made;
  made.memory_bytes = memory_bytes;
  if (page_lg2 == k4) return made;
  made.policy.kind = PolicyKind::hugetlb;
  made.policy.huge_lg2 = {page_lg2};
  made.policy.reserved_bytes = pool_bytes;
  return made;
}

// "reads cycles" of a second access with pages of these sizes on both sides. The guest's tables
// then lie in host pages of the host's size too.
std::string second_access(const Architecture& arch, std::uint8_t guest_lg2, std::uint8_t host_lg2) {
  VirtualMachineSpec spec = small_vm();
  spec.guest = side(3 * GiB, guest_lg2, GiB);
  spec.host = side(16 * GiB, host_lg2, 3 * GiB);
  Rig rig(bare_machine(), spec, arch);
  rig.add({read_of(0x40000000), read_of(0x40000000)});
  rig.run();
  const AccessDone& done = rig.seen.accesses.at(1);
  return std::to_string(done.entry_reads) + " reads in " + std::to_string(done.total_cycles);
}

std::string reads(unsigned count) {
  return std::to_string(count) + " reads in " + std::to_string(count * 100);
}

struct Row {
  const char* rule;
  PagingKind guest;
  Paging host;
  PagingKind host_kind;
  std::uint8_t guest_lg2, host_lg2;
  unsigned reads;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    CAPTURE(row.reads);
    const auto arch = make_x86(row.guest, row.host, row.host_kind);
    CHECK(in_child([&] { return second_access(*arch, row.guest_lg2, row.host_lg2); }) ==
          reads(row.reads));
  }
}

}  // namespace

TEST_CASE("A-60: one stage reads as many entries as its tables have levels") {
  check({{"native 4", four_level, Paging::none, four_level, k4, k4, 4},
         {"native 5", five_level, Paging::none, four_level, k4, k4, 5},
         {"native 4 with 2M", four_level, Paging::none, four_level, m2, k4, 3},
         {"native 4 with 1G", four_level, Paging::none, four_level, g1, k4, 2},
         {"native 5 with 1G", five_level, Paging::none, four_level, g1, k4, 3},
         {"native 2", two_level, Paging::none, four_level, k4, k4, 2},
         {"native 2 with 4M", two_level, Paging::none, four_level, m4, k4, 1},
         {"native PAE reads no PDPTE", pae, Paging::none, four_level, k4, k4, 2}});
}

TEST_CASE("A-60: stage 2 alone reads as many entries as its tables have levels") {
  check({{"EPT 4", off, Paging::ept, four_level, k4, k4, 4},
         {"EPT 5", off, Paging::ept, five_level, k4, k4, 5},
         {"EPT 4 with 2M", off, Paging::ept, four_level, k4, m2, 3},
         {"NPT 4", off, Paging::npt, four_level, k4, k4, 4},
         {"NPT 5", off, Paging::npt, five_level, k4, k4, 5}});
}

TEST_CASE("A-60: two stages of base pages") {
  check({{"EPT 4 over 4", four_level, Paging::ept, four_level, k4, k4, 24},
         {"EPT 4 over 5", four_level, Paging::ept, five_level, k4, k4, 29},
         {"EPT 5 over 4", five_level, Paging::ept, four_level, k4, k4, 29},
         {"EPT 5 over 5", five_level, Paging::ept, five_level, k4, k4, 35},
         {"NPT 4 over 4", four_level, Paging::npt, four_level, k4, k4, 24},
         {"NPT 4 over 5", four_level, Paging::npt, five_level, k4, k4, 29},
         {"NPT 5 over 4", five_level, Paging::npt, four_level, k4, k4, 29},
         {"NPT 5 over 5", five_level, Paging::npt, five_level, k4, k4, 35},
         {"32-bit over EPT 4", two_level, Paging::ept, four_level, k4, k4, 14},
         {"32-bit over EPT 5", two_level, Paging::ept, five_level, k4, k4, 17},
         {"32-bit over NPT 2", two_level, Paging::npt, two_level, k4, k4, 8},
         {"4 over NPT 2", four_level, Paging::npt, two_level, k4, k4, 14},
         {"4 over PAE NPT", four_level, Paging::npt, pae, k4, k4, 19},
         {"PAE over EPT 4", pae, Paging::ept, four_level, k4, k4, 14},
         {"PAE over NPT 4 reads PDPTEs", pae, Paging::npt, four_level, k4, k4, 19}});
}

TEST_CASE("A-60: page sizes shorten the walk on their side") {
  check({{"2M over 4K", four_level, Paging::ept, four_level, m2, k4, 19},
         {"4K over 2M", four_level, Paging::ept, four_level, k4, m2, 19},
         {"2M over 2M", four_level, Paging::ept, four_level, m2, m2, 15},
         {"1G over 1G", four_level, Paging::ept, four_level, g1, g1, 8},
         {"2M over 4K", four_level, Paging::npt, four_level, m2, k4, 19},
         {"4K over 2M", four_level, Paging::npt, four_level, k4, m2, 19},
         {"2M over 2M", four_level, Paging::npt, four_level, m2, m2, 15},
         {"1G over 1G", four_level, Paging::npt, four_level, g1, g1, 8}});
}

TEST_CASE("A-60: every pair of page sizes of every pair of depths is (g+1)(h+1)-1") {
  for (const Paging host : {Paging::ept, Paging::npt})
    for (const PagingKind guest_kind : {four_level, five_level})
      for (const PagingKind host_kind : {four_level, five_level})
        for (const std::uint8_t guest_lg2 : {k4, m2, g1})
          for (const std::uint8_t host_lg2 : {k4, m2, g1}) {
            const unsigned g = (guest_kind == five_level ? 5 : 4) - (guest_lg2 - 12u) / 9;
            const unsigned h = (host_kind == five_level ? 5 : 4) - (host_lg2 - 12u) / 9;
            CAPTURE(g);
            CAPTURE(h);
            const auto arch = make_x86(guest_kind, host, host_kind);
            CHECK(in_child([&] { return second_access(*arch, guest_lg2, host_lg2); }) ==
                  reads((g + 1) * (h + 1) - 1));
          }
}
TEST_CASE("arm64: 4 levels over 3") {
  struct ArmRow {
    bool stage1;
    std::optional<unsigned> ipa_bits;
    std::uint8_t guest_lg2, host_lg2;
    unsigned reads;
  };
  for (const ArmRow& row : std::vector<ArmRow>{{true, 40, k4, k4, 19},
                                               {true, 48, k4, k4, 24},
                                               {true, {}, k4, k4, 4},
                                               {false, 40, k4, k4, 3},
                                               {true, 40, m2, k4, 15},
                                               {true, 40, k4, m2, 14},
                                               {true, 40, m2, m2, 11},
                                               {true, 40, g1, g1, 5}}) {
    CAPTURE(row.reads);
    const auto arch = make_arm64(row.stage1, row.ipa_bits);
    CHECK(in_child([&] { return second_access(*arch, row.guest_lg2, row.host_lg2); }) ==
          reads(row.reads));
  }
}

// A 40-bit intermediate space starts at level 1 with two tables side by side (Arm ARM D8.2.2;
// T002).
TEST_CASE("arm64: the second of two concatenated start tables is in reach") {
  const auto arch = make_arm64(false, 40);
  Rig rig(bare_machine(), small_vm(one(40)), *arch);
  const std::uint64_t in_second_table = 0x80'4020'3000;
  rig.add({read_of(in_second_table), read_of(in_second_table + 8)});
  rig.run();
  REQUIRE(rig.seen.accesses.size() == 2);
  CHECK(rig.seen.accesses[1].entry_reads == 3);
  const Reference& first = rig.seen.references[rig.seen.references.size() - 3];
  CHECK(first.at == Pa{rig.vm.host()->tables->root() + 513 * 8});
  CHECK(first.position.stage2_height == 2);
}
