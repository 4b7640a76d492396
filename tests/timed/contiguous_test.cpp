// Contiguous runs on the timed machine (spec arm64.md 1.7): software maps a block as a row of
// descriptors and marks its runs; the walk reads what it always reads, and TLBs hold the run as one
// where both stages allow it.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using arm64::Granule;

namespace {

struct Setting {
  Granule granule = Granule::k4;
  std::uint8_t run_lg2 = 16;  // of the last level
  bool marked_by_guest = true, marked_by_host = false;
  std::uint8_t guest_lg2 = 16, host_lg2 = 0;  // transparent huge pages; 0: base pages
  std::vector<std::uint8_t> tlb_sizes = {12, 14, 16, 21, 25, 29};
};

// What the accesses to all pages of one run come to, after a first one that has faulted.
struct Outcome {
  unsigned guest_faults = 0, walks = 0, hits = 0, reads_of_last_walk = 0;
  std::string text() const {
    return fmt::format("{} guest faults, {} walks of {} reads, {} hits", guest_faults, walks,
                       reads_of_last_walk, hits);
  }
};

PolicySpec policy_of(std::uint8_t base_lg2, std::uint8_t huge_lg2) {
  PolicySpec spec;
  spec.base_lg2 = base_lg2;
  if (!huge_lg2) return spec;
  spec.kind = PolicyKind::thp;
  spec.huge_lg2 = {huge_lg2};
  return spec;
}

std::string accesses_to_one_run(const Setting& setting) {
  arm64::TranslationSpec translation;
  translation.stage1->granule = translation.stage2->granule = setting.granule;
  translation.stage1->contiguous = setting.marked_by_guest;
  translation.stage2->contiguous = setting.marked_by_host;
  const arm64::Arm64Architecture arch(translation);
  const std::uint8_t base_lg2 = arch.stage1_granule_lg2();

  VirtualMachineSpec vm = small_vm(2 * GiB);
  vm.guest.policy = policy_of(base_lg2, setting.guest_lg2);
  vm.host.policy = policy_of(base_lg2, setting.host_lg2);
  MachineSpec machine = bare_machine();
  machine.l1d = tlb_of(256, 1, setting.tlb_sizes);
  Rig rig(machine, vm, arch);
  std::vector<MemoryAccess> list = {read_of(0x40000000)};
  for (std::uint64_t at = 0; at < one(setting.run_lg2); at += one(base_lg2))
    list.push_back(read_of(0x40000000 + at + 8));
  rig.add(list);
  rig.run();
  Outcome outcome;
  for (const AccessDone& done : rig.seen.accesses) {
    outcome.guest_faults += done.guest_faults;
    if (&done == &rig.seen.accesses.front()) continue;  // it has filled the TLB already
    outcome.hits += done.served == Served::l1_tlb;
    outcome.walks += done.walks;
    if (done.walks) outcome.reads_of_last_walk = done.entry_reads;
  }
  return outcome.text();
}

std::string outcome(const Setting& setting) {
  return in_child([&] { return accesses_to_one_run(setting); });
}

}  // namespace

TEST_CASE("a marked run under a host page at least as large is one TLB entry: spec 1.7") {
  CHECK(outcome({.host_lg2 = 21}) == "1 guest faults, 0 walks of 0 reads, 16 hits");
  CHECK(outcome({.granule = Granule::k16, .run_lg2 = 21, .guest_lg2 = 21, .host_lg2 = 25}) ==
        "1 guest faults, 0 walks of 0 reads, 128 hits");
  CHECK(outcome({.granule = Granule::k64, .run_lg2 = 21, .guest_lg2 = 21, .host_lg2 = 29}) ==
        "1 guest faults, 0 walks of 0 reads, 32 hits");
}

TEST_CASE("not marked, each descriptor is an entry of its own, and the fault is one all the same") {
  // 4 tables of stage 1, each under 2 of stage 2 (2M blocks, two concatenated tables at level 1),
  // and 2 for the page itself.
  CHECK(outcome({.marked_by_guest = false, .host_lg2 = 21}) ==
        "1 guest faults, 15 walks of 14 reads, 1 hits");
}

TEST_CASE("a second stage of base pages cuts the run into its pages, but not if marked there too") {
  CHECK(outcome({}) == "1 guest faults, 15 walks of 19 reads, 1 hits");
  CHECK(outcome({.host_lg2 = 16}) == "1 guest faults, 15 walks of 19 reads, 1 hits");
  CHECK(outcome({.marked_by_host = true, .host_lg2 = 16}) ==
        "1 guest faults, 0 walks of 0 reads, 16 hits");
  // A run of the second stage alone gains nothing over base pages of the first.
  CHECK(outcome({.marked_by_guest = false, .marked_by_host = true, .host_lg2 = 16}) ==
        "1 guest faults, 15 walks of 19 reads, 1 hits");
}

TEST_CASE("a block smaller than a run is not marked, and a larger one is several runs") {
  CHECK(outcome({.guest_lg2 = 15, .host_lg2 = 21}) ==
        "2 guest faults, 16 walks of 14 reads, 1 hits");
  CHECK(outcome({.run_lg2 = 18, .guest_lg2 = 18, .host_lg2 = 21}) ==
        "1 guest faults, 3 walks of 14 reads, 61 hits");
}

TEST_CASE("a TLB without entries of the run's size holds pieces of the next size down") {
  CHECK(outcome({.host_lg2 = 21, .tlb_sizes = {12, 21}}) ==
        "1 guest faults, 15 walks of 14 reads, 1 hits");
  CHECK(outcome({.host_lg2 = 21, .tlb_sizes = {14}}) ==
        "1 guest faults, 3 walks of 14 reads, 13 hits");
}
