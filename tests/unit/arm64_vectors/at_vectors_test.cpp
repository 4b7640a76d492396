// AT instructions against the vectors' "at": PAR_EL1 as the emulator gave it, executed at EL3 for
// each data access with a translation of its own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "arm64/address_translate.h"
#include "arm64/vectors/vector_machine.h"
#include "vector_lines.h"

namespace nestwalk::arm64 {
namespace {

using test::Json, test::number;

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
  memory.load(test::words_of(line["mem"]));
  const Engine engine(vector_features(), vector_knobs(), test::registers_of(line["regs"]),
                      {.el = 2});
  WalkCaches none({}, 0);
  for (const Json& access : line["accesses"]) {
    if (!access.contains("at")) continue;
    const Json& at = access["at"];
    const AtOperation op = test::at_operation(at["op"]);
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
  test::for_each_vector_line([&](const Json& line) { execute(line, memory, tally); });
  INFO(tally.differing);
  CHECK(tally.executed > 20000);
  CHECK(tally.differing.empty());
  CHECK(tally.dirty_denied == 4);
}

}  // namespace nestwalk::arm64
