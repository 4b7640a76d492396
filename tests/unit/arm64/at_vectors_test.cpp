// AT as the independent machine executed it with every access of the vectors: PAR_EL1's address and
// memory attributes of one and of both stages (spec 1.2.2), where the two read the manual alike.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "arm64/address_translate.h"
#include "common/vectors/line_reader.h"
#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using Json = nlohmann::json;

namespace {

std::uint64_t number(const Json& value) {
  return std::stoull(value.get<std::string>(), nullptr, 16);
}

Registers registers_of(const Json& regs) {
  Registers r;
  const std::pair<const char*, std::uint64_t Registers::*> names[] = {
      {"SCTLR_EL1", &Registers::sctlr_el1}, {"TCR_EL1", &Registers::tcr_el1},
      {"TTBR0_EL1", &Registers::ttbr0_el1}, {"TTBR1_EL1", &Registers::ttbr1_el1},
      {"MAIR_EL1", &Registers::mair_el1},   {"SCTLR_EL2", &Registers::sctlr_el2},
      {"TCR_EL2", &Registers::tcr_el2},     {"TTBR0_EL2", &Registers::ttbr0_el2},
      {"TTBR1_EL2", &Registers::ttbr1_el2}, {"MAIR_EL2", &Registers::mair_el2},
      {"HCR_EL2", &Registers::hcr_el2},     {"VTCR_EL2", &Registers::vtcr_el2},
      {"VTTBR_EL2", &Registers::vttbr_el2}};
  for (const auto& [name, field] : names)
    if (regs.contains(name)) r.*field = number(regs[name]);
  return r;
}

// "S12E0R", "S1E2W"
AtOperation operation_of(const std::string& name) {
  const bool both = name.starts_with("S12");
  const std::string rest = name.substr(both ? 4 : 3);
  return {both, static_cast<std::uint8_t>(rest[0] - '0'), rest[1] == 'W', false};
}

struct Counts {
  unsigned compared = 0, addresses = 0, attributes = 0, faults = 0;
  unsigned reads_another_rule = 0;  // the emulator's own, each described below
};

// What the emulator reports differently: it gives SH as the descriptor has it, also the reserved
// value and for memory that is shareable in any case (PAREncodeShareability); with FWB it looks at
// MemAttr[3], which is RES0; it makes Device-GRE over Non-cacheable memory Device-nGnRE; and AT of
// a write sets the dirty state, for which the table may not be writable.
void compare(std::uint64_t given, std::uint64_t expected, bool write, bool fwb, Counts& counts) {
  ++counts.compared;
  if ((given | expected) & 1) {
    if ((given & expected & 1) == 0) {
      CHECK(write);
      ++counts.reads_another_rule;
    }
    ++counts.faults;
    return;
  }
  CHECK((given & field_mask(51, 12)) == (expected & field_mask(51, 12)));
  ++counts.addresses;
  if (fwb) return;
  const std::uint64_t attribute = expected >> 56;
  if (given >> 56 != attribute) {
    CHECK((given >> 56) == 0x0c);
    CHECK(attribute == 0x04);
    ++counts.reads_another_rule;
    return;
  }
  const bool shared_anyway = attribute >> 4 == 0 || attribute == 0x44;
  const std::uint64_t sh = bits(expected, 8, 7);
  CHECK(bits(given, 8, 7) == (shared_anyway ? 2 : sh == 1 ? 0 : sh));
  ++counts.attributes;
}

}  // namespace

TEST_CASE("AT: addresses and attributes of all vectors agree with the independent machine") {
  Counts counts;
  const std::filesystem::path folder = NESTWALK_SOURCE_DIR "/tests/conformance/vectors/arm64";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".xz") continue;
    LineReader reader(file.path().string());
    for (std::string text; reader.next(text);) {
      const Json line = Json::parse(text);
      PhysicalMemory memory;
      for (const Json& word : line["mem"]) memory.write(Pa{number(word[0])}, 8, number(word[1]));
      UntimedPort port(memory);
      WalkCaches none({}, 0);
      const Registers regs = registers_of(line["regs"]);
      const Engine engine(Features::all(), {}, regs, {.el = 2});
      for (const Json& access : line["accesses"]) {
        if (!access.contains("at")) continue;
        const AtOperation op = operation_of(access["at"]["op"].get<std::string>());
        const AtResult result = address_translate(engine, op, Va{number(access["va"])}, none, port);
        INFO(line["id"].get<std::string>(), " ", access["at"].dump(), " given ", result.par);
        const bool fwb = (regs.hcr_el2 >> 46 & 1) != 0;
        compare(result.par, number(access["at"]["par"]), op.write, fwb, counts);
      }
    }
  }
  CHECK(counts.compared >= 26222);
  CHECK(counts.addresses >= 13965);
  CHECK(counts.attributes >= 13133);
  CHECK(counts.reads_another_rule * 1000 < counts.compared);
}
