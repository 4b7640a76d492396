// Geometry that cannot be built and settings that contradict each other: one row each.
#include <doctest/doctest.h>

#include "helpers.h"

using namespace nestwalk::config;

namespace {

struct Row {
  Texts set;
  std::string complaint;  // the one error must contain it; empty: in order
};

const Row rows[] = {
    {{"machine.tlbs.l1d.arrays.0.ways=3"},
     "machine.tlbs.l1d.arrays.0.ways: 8 entries do not divide into 3 ways"},
    {{"machine.tlbs.l1d.arrays.0={entries: 12, ways: 2}"},
     "12 entries in 2 ways give 6 sets; allowed: a power of two"},
    {{"machine.tlbs.l1d.arrays.0={entries: 12, ways: 3}"}, ""},
    {{"machine.tlbs.l1d.arrays.0={entries: 12, ways: 0}"}, ""},
    {{"machine.tlbs.l1d.arrays.1.sizes=[4K]"}, "4K is held by another array of this TLB"},
    {{"machine.tlbs.l1d.arrays.1.sizes=[2M, 2M]"}, "2M is given twice"},
    {{"machine.tlbs.l1d.arrays.1.sizes=[64K]"},
     "machine.tlbs.l1d.arrays.1.sizes.0: x86 has no pages of 64K"},
    {{"machine.tlbs.l2.arrays=[]"}, ""},
    {{"machine.walk_caches.stage1=[{height: 1, entries: 4, ways: 3}]"},
     "4 entries do not divide into 3 ways"},
    {{"machine.walk_caches.stage2=[{height: 1, entries: 4, ways: 0}, {height: 1, entries: 4, ways: "
      "0}]"},
     "machine.walk_caches.stage2.1.height: height 1 is given twice"},
    {{"machine.stage2_tlb={entries: 6, ways: 4}"},
     "machine.stage2_tlb.ways: 6 entries do not divide into 4 ways"},
    {{"machine.stage2_tlb.entries=0"}, ""},
    {{"machine.caches.line_bytes=48"}, "machine.caches.line_bytes: 48 is not a power of two"},
    {{"machine.caches.l2.size=48K"},
     "48K in 4 ways of 64-byte lines gives 192 sets; allowed: a power of two of sets, for instance "
     "32K or 64K"},
    {{"machine.caches.l2.size=1000"}, "gives no whole number of sets"},
    {{"machine.caches.l2.size=0"}, ""},
    {{"machine.dram.banks=3"},
     "machine.dram.banks: 3 is not a power of two; allowed: for instance 2 or 4"},
    {{"machine.dram.ranks=3"},
     "machine.dram.ranks: 3 is not a power of two; allowed: for instance 2 or 4"},
    {{"machine.dram.trefi_ns=600", "machine.dram.trfc_ns=300"},
     "machine.dram.trfc_ns: 300 leaves little time between refreshes"},
    {{"machine.caches={line_bytes: 256, l1d: {ways: 1}}", "machine.dram.row_bytes=128"},
     "machine.dram.row_bytes: 128 is less than a cache line"},
    {{"machine.stage1_tlb.entries=64"},
     "machine.stage1_tlb.entries: x86 caches no first-stage translation of a guest by itself"},
    {{"machine.preset=neoverse-n1", "machine.stage1_tlb={entries: 64, latency_cycles: 2}"}, ""},
    {{"guest.populate=true", "host.populate=true"}, ""},
    {{"guest.populate=true", "translation.stages=stage2_only"},
     "guest.populate: the guest's kernel maps, and with stage 1 off there is none"},
    {{"host.populate=true", "translation.stages=stage2_only", "workload.base=0x0"}, ""},
    {{"guest.memory=32G", "host={memory: 16G, populate: true}"},
     "host.populate: needs host memory for all of the guest's 32G"},
    {{"guest.memory=32G", "host={memory: 16G, populate: true}", "translation.stages=one"}, ""},
    {{"machine.preset=neoverse-n1", "translation.arm64.stage2_force_write_back=true"}, ""},
    {{"translation.arm64={}"}, "translation.arm64: has no meaning on a machine with isa 'x86'"},
    {{"machine.preset=neoverse-n1", "translation.x86.paging=4level"},
     "translation.x86: has no meaning"},
    {{"machine.preset=neoverse-n1", "translation.arm64.hardware_access_flag=false"},
     "needs hardware_access_flag"},
    {{"machine.preset=neoverse-n1", "translation={stages: stage2_only, arm64: {tbi: true}}"},
     "translation.arm64.tbi: belongs to the first stage"},
    {{"machine.preset=neoverse-n1", "translation={stages: one, arm64: {tbi: true}}"}, ""},
    {{"machine.preset=neoverse-n1", "translation.arm64={granule: 64K, stage2_start_level: -1}"},
     "level -1 exists with the 4K granule only"},
    {{"machine.preset=neoverse-n1", "translation.arm64.stage2_start_level=0"}, ""},
    {{"translation={stages: one, stage2_identity: true}"}, "there is no second stage"},
    {{"translation.stages=one", "shootdowns.kind=vm"}, "there is no virtual machine"},
    {{"guest.memory=3000000"}, "guest.memory: 3000000 is not a multiple of 2M"},
    {{"host.policy=hugetlb-32M"},
     "host.policy: 'hugetlb-32M' needs pages of 32M, which a granule of 4K does not have"},
    {{"host.policy=hugetlb-32M", "translation.stages=one"}, ""},
    {{"machine.preset=neoverse-n1", "translation.arm64.granule=16K", "guest.policy=hugetlb-32M"},
     ""},
    {{"machine.preset=neoverse-n1", "translation.arm64.granule=64K", "guest.policy=hugetlb-32M"},
     "allowed: base, thp, hugetlb with 2M, 512M, 16G"},
    {{"machine.preset=neoverse-n1", "translation.arm64.granule=64K", "guest.policy=hugetlb-2M"},
     ""},
    {{"machine.preset=neoverse-n1", "guest.policy=hugetlb-64K"}, ""},
    {{"guest.policy=hugetlb-64K"}, "allowed: base, thp, hugetlb with 2M, 1G"},
    {{"guest={policy: thp, thp_sizes: [64K, 2M]}"}, ""},
    {{"guest={policy: base, thp_sizes: [64K]}"}, "has no meaning with policy 'base'; allowed: []"},
    {{"host={policy: thp, thp_sizes: [48K]}"},
     "48K is no size of transparent huge pages with a granule of 4K; allowed: powers of two from "
     "16K to 2M"},
    {{"host={policy: thp, thp_sizes: [4M]}"}, "allowed: powers of two from 16K to 2M"},
    {{"guest={policy: thp, thp_sizes: [64K, 32K, 64K]}"}, "64K is given twice"},
    {{"machine.preset=neoverse-n1", "translation.arm64.granule=64K",
      "guest={policy: thp, thp_sizes: [128K]}"},
     "allowed: powers of two from 256K to 512M"},
    {{"guest.reserved=2M"}, "guest.reserved: has no meaning with policy 'base'"},
    {{"guest={policy: hugetlb-2M, reserved: 3M}"}, "guest.reserved: 3M is not a multiple of 2M"},
    {{"guest={policy: hugetlb-2M, reserved: 16G}"},
     "more than the side's memory; allowed: at most 8G"},
    {{"guest={policy: hugetlb-2M, reserved: 4M}"}, ""},
    {{"host.memory=256T", "translation.x86.maxphyaddr=40"},
     "host.memory: 256T does not fit into 40 bits of a physical address; allowed: at most 1T"},
    {{"machine.preset=neoverse-n1", "guest.memory=2T"},
     "guest.memory: 2T does not fit into 40 bits of an intermediate address"},
    {{"workload.footprint=256T"},
     "workload.footprint: 256T from 0x1000000000 leave the program's addresses; allowed: up to "
     "0x800000000000"},
    {{"workload.footprint=256T", "translation.x86.paging=5level"}, ""},
    {{"machine.preset=neoverse-n1", "workload.base=0xff00001000000000"},
     "1M from 0xff00001000000000 leave the program's addresses"},
    {{"machine.preset=neoverse-n1", "workload.base=0xff00001000000000",
      "translation.arm64.tbi=true"},
     ""},
    {{"workload.base=0xfffffffffffff000"}, "workload.base: 1M from 0xfffffffffffff000 leave"},
    {{"translation.stages=stage2_only", "workload.base=0x300000000"},
     "leave the program's addresses; allowed: up to 0x200000000"},
    {{"workload.base=0x1001"}, "is not a multiple of a page"},
    {{"workload.access_bytes=24"}, "24 is not a power of two"},
    {{"workload.footprint=5000", "workload.access_bytes=16"},
     "workload.footprint: 5000 is not a multiple of access_bytes"},
    {{"workload={kind: zipf, item_bytes: 12K}"},
     "workload.footprint: 1M is not a multiple of item_bytes"},
    {{"workload={kind: stride, stride: 12}"},
     "workload.stride: 12 is not a multiple of access_bytes"},
    {{"workload={kind: pointer_chase, node_bytes: 60}"},
     "workload.node_bytes: 60 is not a multiple of access_bytes"},
    {{"workload={kind: pointer_chase, node_bytes: 64}"}, ""},
    {{"warmup_accesses=100"}, "warmup_accesses: 100 of 100 accesses leave nothing to measure"},
    {{"warmup_accesses=99"}, ""},
};

}  // namespace

TEST_CASE("rules") {
  for (const Row& row : rows) {
    std::string name;
    for (const std::string& set : row.set) name += set + "; ";
    CAPTURE(name);
    Texts errors = errors_of(small_config, row.set);
    if (row.complaint.empty()) {
      CHECK(errors == Texts{});
      continue;
    }
    REQUIRE(!errors.empty());
    CAPTURE(errors[0]);
    CHECK(errors[0].find(row.complaint) != std::string::npos);
  }
}

TEST_CASE("phases and traces have rules of their own") {
  const std::string phases =
      "machine: {preset: tiny}\nworkload:\n  kind: phases\n  phases:\n"
      "    - {kind: uniform, footprint: 1M, accesses: 5}\n"
      "    - {kind: stride, footprint: 1M, accesses: 5, stride: 3}\n";
  CHECK(
      errors_of(phases) ==
      Texts{"test.yaml:6: workload.phases.1.stride: 3 is not a multiple of access_bytes; allowed: "
            "multiples of 8"});
  CHECK(errors_of(phases, {"workload.phases.1.stride=64", "workload.phases.1.base=0x800000000000"})
            .size() == 1);
  CHECK(
      errors_of("machine: {preset: tiny}\nworkload:\n  kind: trace\n  trace: {path: a.xz, loop: "
                "true}\n") ==
      Texts{
          "test.yaml:4: workload.trace.loop: a trace that begins again never ends; allowed: with a "
          "limit above 0"});
}
