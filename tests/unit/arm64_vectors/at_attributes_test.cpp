// AT as the independent machine executed it with every access of the vectors: the memory attributes
// in PAR_EL1, of one and of both stages (spec 1.2.2), where the two read the manual alike.
// Addresses and faults: at_vectors_test.cpp.
#include <doctest/doctest.h>

#include "arm64/address_translate.h"
#include "arm64/vectors/vector_machine.h"
#include "vector_lines.h"

namespace nestwalk::arm64 {
namespace {

using test::Json, test::number;

struct Counts {
  unsigned compared = 0;
  unsigned reads_another_rule = 0;  // the emulator's own, described below
};

// What the emulator reports differently: it gives SH as the descriptor has it, also the reserved
// value and for memory that is shareable in any case (PAREncodeShareability); it makes Device-GRE
// over Non-cacheable memory Device-nGnRE.
void compare(std::uint64_t found, std::uint64_t expected, Counts& counts) {
  ++counts.compared;
  const std::uint64_t attribute = expected >> 56;
  if (found >> 56 != attribute) {
    CHECK((found >> 56) == 0x0c);
    CHECK(attribute == 0x04);
    ++counts.reads_another_rule;
    return;
  }
  const bool shared_anyway = attribute >> 4 == 0 || attribute == 0x44;
  const std::uint64_t sh = bits(expected, 8, 7);
  CHECK(bits(found, 8, 7) == (shared_anyway ? 2 : sh == 1 ? 0 : sh));
}

}  // namespace

TEST_CASE("AT: memory attributes of all vectors agree with the independent machine") {
  Counts counts;
  VectorMemory memory;
  test::for_each_vector_line([&](const Json& line) {
    memory.load(test::words_of(line["mem"]));
    const Registers regs = test::registers_of(line["regs"]);
    // With FWB the emulator looks at MemAttr[3], which is RES0.
    if (bit(regs.hcr_el2, 46)) return;
    const Engine engine(vector_features(), vector_knobs(), regs, {.el = 2});
    WalkCaches none({}, 0);
    for (const Json& access : line["accesses"]) {
      if (!access.contains("at")) continue;
      const Json& at = access["at"];
      const AtOperation op = test::at_operation(at["op"]);
      const std::uint64_t expected = number(at["par"]);
      const AtResult result = address_translate(engine, op, Va{number(access["va"])}, none, memory);
      memory.rewind();
      if ((result.par | expected) & 1) continue;
      INFO(line["id"].get<std::string>(), " ", at.dump(), " found ", result.par);
      compare(result.par, expected, counts);
    }
  });
  CHECK(counts.compared >= 13133);
  CHECK(counts.reads_another_rule * 1000 < counts.compared);
}

}  // namespace nestwalk::arm64
