// AT instructions against the vectors' "at": PAR_EL1 as the emulator gave it, executed at EL3 for
// each data access with a translation of its own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "arm64/address_translate.h"
#include "arm64/vector_machine.h"
#include "common/vectors/line_reader.h"

namespace nestwalk::arm64 {
namespace {

using Json = nlohmann::json;

std::uint64_t number(const Json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

Registers registers_of(const Json& regs) {
  Registers r;
  const std::map<std::string, std::uint64_t*> fields = {
      {"SCTLR_EL1", &r.sctlr_el1}, {"TCR_EL1", &r.tcr_el1},     {"TTBR0_EL1", &r.ttbr0_el1},
      {"TTBR1_EL1", &r.ttbr1_el1}, {"MAIR_EL1", &r.mair_el1},   {"SCTLR_EL2", &r.sctlr_el2},
      {"TCR_EL2", &r.tcr_el2},     {"TTBR0_EL2", &r.ttbr0_el2}, {"TTBR1_EL2", &r.ttbr1_el2},
      {"MAIR_EL2", &r.mair_el2},   {"HCR_EL2", &r.hcr_el2},     {"VTCR_EL2", &r.vtcr_el2},
      {"VTTBR_EL2", &r.vttbr_el2}};
  for (const auto& [name, value] : regs.items())
    if (const auto field = fields.find(name); field != fields.end()) *field->second = number(value);
  return r;
}

// "S12E0W": both stages, as EL0, for writing.
AtOperation operation(const std::string& name) {
  AtOperation op;
  op.both_stages = name.starts_with("S12");
  op.el = static_cast<std::uint8_t>(name[name.size() - 2] - '0');
  op.write = name.back() == 'W';
  return op;
}

// The kind of a fault status: its level left out.
std::uint64_t kind_of(std::uint64_t status) {
  if (status == 0x29) return 0;
  return status == 0x2b ? 1 : status >> 2;
}

// What PAR_EL1 says of the address: the page, or status, stage and whether on a table walk. The
// emulator's level of a fault on a table walk is stage 1's, so it is not compared.
std::string text(std::uint64_t par) {
  if (!(par & 1)) return fmt::format("page {:#x}", bits(par, 51, 12));
  const std::uint64_t status = bits(par, 6, 1);
  const bool on_walk = bit(par, 8);
  return fmt::format("fault {:#x} ptw {} stage {}", on_walk ? kind_of(status) : status,
                     int{on_walk}, bit(par, 9) ? 2 : 1);
}

// AT never sets the dirty state (ASL SettingDirtyStatePermitted); the emulator tries to, and is
// denied where stage 2 does not let the table be written.
bool dirty_update_denied(const AtOperation& op, const std::string& expected,
                         const std::string& found) {
  return op.write && expected == "fault 0x3 ptw 1 stage 2" && found.starts_with("page");
}

struct Tally {
  std::size_t executed = 0, dirty_denied = 0;
  std::string differing;
};

void execute(const Json& line, VectorMemory& memory, Tally& tally) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> words;
  for (const Json& word : line["mem"]) words.emplace_back(number(word[0]), number(word[1]));
  memory.load(words);
  const Engine engine(vector_features(), vector_knobs(), registers_of(line["regs"]), {.el = 2});
  WalkCaches none({}, 0);
  for (const Json& access : line["accesses"]) {
    if (!access.contains("at")) continue;
    const Json& at = access["at"];
    const AtOperation op = operation(at["op"]);
    const AtResult result = address_translate(engine, op, Va{number(access["va"])}, none, memory);
    memory.rewind();
    ++tally.executed;
    const std::string expected = text(number(at["par"])), found = text(result.par);
    if (dirty_update_denied(op, expected, found))
      ++tally.dirty_denied;
    else if (expected != found)
      tally.differing += fmt::format("{} {} {}: expected {}, found {}\n",
                                     line["id"].get<std::string>(), at["op"].get<std::string>(),
                                     access["va"].get<std::string>(), expected, found);
  }
}

}  // namespace

TEST_CASE("AT gives what the emulator's PAR_EL1 says") {
  VectorMemory memory;
  Tally tally;
  for (const auto& file : std::filesystem::directory_iterator(NESTWALK_SOURCE_DIR
                                                              "/tests/conformance/vectors/arm64")) {
    if (file.path().extension() != ".xz") continue;
    LineReader reader(file.path().string());
    for (std::string line; reader.next(line);) execute(Json::parse(line), memory, tally);
  }
  INFO(tally.differing);
  CHECK(tally.executed > 20000);
  CHECK(tally.differing.empty());
  CHECK(tally.dirty_denied == 4);
}

}  // namespace nestwalk::arm64
