// How much of a host page one stage-2 fault maps (KVM arm64 user_mem_abort, get_vma_page_shift),
// and that the rest of the page follows, fault by fault, from the same memory.
#include <doctest/doctest.h>

#include "unit/hyp/host_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

std::unique_ptr<PageTables> stage2(HostRig& rig, bool marks_runs) {
  HostTableIo io(rig.vm.frames, rig.memory, rig.software, 0);
  return std::make_unique<EditedTables<OddStage2>>(OddStage2(host_shape()), io, marks_runs);
}

}  // namespace

TEST_CASE("the largest leaf that the page holds; a whole run only where runs are marked") {
  HostRig rig;
  const auto plain = stage2(rig, false), marked = stage2(rig, true);
  // Leaves of 2^12 and 2^21; runs of four.
  const unsigned rows[][3] = {{12, 12, 12}, {13, 12, 12}, {14, 12, 14}, {16, 12, 14},
                              {21, 21, 21}, {22, 21, 21}, {23, 21, 23}, {25, 21, 23}};
  for (const auto& [block, without, with] : rows) {
    CAPTURE(block);
    CHECK(mapped_at_once_lg2(*plain, block) == without);
    CHECK(mapped_at_once_lg2(*marked, block) == with);
  }
}

TEST_CASE("a 64 KiB page of the host is zeroed once and mapped in as many faults as it has parts") {
  for (const bool marks_runs : {false, true}) {
    CAPTURE(marks_runs);
    HostRig rig({PolicyKind::thp, 12, {16}});
    rig.vm.tables = stage2(rig, marks_runs);
    unsigned faults = 0, zeroed_bytes = 0;
    std::uint64_t frame = 0;
    for (std::uint64_t ipa = 0; ipa < 64 * KiB; ipa += 4 * KiB) {
      if (!rig.vm.mapping(Ipa{ipa})) {
        const PlacedPage page = host_page_for(Ipa{ipa}, rig.vm);
        if (page.fresh_lg2) zeroed_bytes += 1u << page.fresh_lg2;
        map_host_page(page, rig.vm, rig.software, 0);
        ++faults;
      }
      REQUIRE(rig.vm.mapping(Ipa{ipa}));
      const Mapping mapped = *rig.vm.mapping(Ipa{ipa});
      if (ipa == 0) frame = mapped.out;
      CHECK(mapped.out + Ipa{ipa}.offset(mapped.size_lg2) == frame + ipa);
    }
    CHECK(faults == (marks_runs ? 4 : 16));
    CHECK(zeroed_bytes == 64 * KiB);
    CHECK(rig.vm.backing.bytes() == 64 * KiB);
    CHECK(rig.vm.counts.pages_by_lg2[marks_runs ? 14 : 12] == faults);
  }
}
