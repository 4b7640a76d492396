// What Linux executes after it has unmapped a block: INVLPG for each leaf up to
// tlb_single_page_flush_ceiling of them, the whole space beyond.
#include <doctest/doctest.h>

#include "common/base/bits.h"
#include "common/tlb/tlb.h"
#include "x86/kvm/x86_architecture.h"

using namespace nestwalk;
using namespace nestwalk::x86;

namespace {

TranslationSpec under_ept() {
  TranslationSpec spec;
  spec.host = VirtualMachine::Paging::ept;
  return spec;
}

unsigned left_of(const FlushSequence& sequence, const UnmappedBlock& block, Tag tag) {
  Tlb tlb({{{block.leaf_lg2}, {1024, 0}}}, 1);
  for (std::uint64_t at = 0; at < one(block.size_lg2); at += one(block.leaf_lg2)) {
    TlbEntry entry;
    entry.page = block.base + at;
    entry.tag = tag;
    entry.size_lg2 = block.leaf_lg2;
    tlb.fill(entry, entry.page);
  }
  for (const Invalidation& what : sequence.what) tlb.invalidate(what);
  return static_cast<unsigned>(tlb.occupied());
}

}  // namespace

TEST_CASE("instructions by size of the block") {
  struct Row {
    UnmappedBlock block;
    unsigned instructions;
  };
  const Row rows[] = {{{Va{0x1234'5000}, 12, 12}, 1},  {{Va{0x1220'0000}, 21, 21}, 1},
                      {{Va{0x1234'0000}, 16, 12}, 16}, {{Va{0x1232'0000}, 17, 12}, 32},
                      {{Va{0x1230'0000}, 18, 12}, 1},  {{Va{0x1230'0000}, 20, 12}, 1}};
  const X86Architecture architecture{under_ept()};
  const auto engine = architecture.make_engine(0x1000);
  engine->set_space_root(7, 0x2000);
  engine->enter_space(7);
  for (const Row& row : rows) {
    CAPTURE(row.block.size_lg2);
    const FlushSequence sequence =
        architecture.after_unmap(UnmapInvalidation::address, engine->tag(), row.block);
    CHECK(sequence.instructions == row.instructions);
    CHECK(left_of(sequence, row.block, engine->tag()) == 0);
  }
  const auto all = architecture.after_unmap(UnmapInvalidation::all, engine->tag(), rows[0].block);
  CHECK(all.instructions == 3);  // INVPCID, INVEPT, INVVPID
}
