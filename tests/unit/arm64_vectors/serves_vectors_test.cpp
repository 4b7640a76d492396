// TLB entries against the vectors: an entry that one access fills must serve another access to the
// same page exactly if the emulator's walk completed that one too and needed no further flag.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "arm64/engine.h"
#include "arm64/vectors/vector_checker.h"
#include "arm64/vectors/vector_machine.h"
#include "vector_lines.h"

namespace nestwalk::arm64 {
namespace {

using test::Json, test::number, test::Words;

struct Use {
  Va va;
  Access access;
  ProcessorState state;
  bool completes = false;
  std::uint64_t pa = 0;
  bool pa_known = false;
  Words updates;
};

Use use_of(const Json& json) {
  Use use;
  const auto type = json["type"].get<std::string>();
  use.va = Va{number(json["va"])};
  use.access.type = type[0] == 'r'   ? AccessType::read
                    : type[0] == 'w' ? AccessType::write
                                     : AccessType::fetch;
  use.state = {json["el"].get<std::uint8_t>(), json.value("pan", 0) != 0,
               json.value("uao", 0) != 0};
  use.access.user = use.state.el == 0 || type.size() == 2;
  const Json& res = json["res"];
  use.completes = res["kind"] == "ok";
  if (!use.completes) return use;
  use.pa_known = !res["pa"].is_null();
  if (use.pa_known) use.pa = number(res["pa"]);
  use.updates = test::words_of(res["upd"]);
  return use;
}

// Whether `now` holds every update of `wanted`. A write may have set dirty state besides (bit 7).
bool done(const Words& wanted, const Words& now, bool written) {
  return std::ranges::all_of(wanted, [&](const auto& want) {
    return std::ranges::any_of(now, [&](const auto& have) {
      const std::uint64_t apart = have.second ^ want.second;
      return have.first == want.first && (apart == 0 || (written && apart == 0x80));
    });
  });
}

struct Tally {
  std::size_t pairs = 0, served = 0;
  std::string wrong;
};

void judge(Engine& engine, const Use& filler, const Use& other, const WalkReply& filled,
           const Words& changed, const std::string& id, Tally& tally) {
  const Va at = engine.cached_address(filler.va, filler.access);
  const Tag tag = engine.tag();
  engine.set_processor_state(other.state);
  const Va asked = engine.cached_address(other.va, other.access);
  if (engine.tag() != tag || (at.value ^ asked.value) >> filled.entry.size_lg2) return;
  ++tally.pairs;
  const bool serves = engine.serves(filled.entry.attributes, other.access);
  const bool written = filler.access.type == AccessType::write;
  const bool right = other.completes && done(other.updates, changed, written);
  const std::uint64_t pa =
      filled.entry.frame.value | (other.va.value & low_mask(filled.entry.size_lg2));
  tally.served += serves;
  if (serves != right || (serves && other.pa_known && other.pa != pa))
    tally.wrong += fmt::format("{}: {:#x} el{} filled, {:#x} el{} type {} served: {}\n", id,
                               filler.va.value, filler.state.el, other.va.value, other.state.el,
                               static_cast<int>(other.access.type), serves);
}

void judge_line(const Json& line, VectorMemory& memory, Tally& tally) {
  memory.load(test::words_of(line["mem"]));
  Engine engine(vector_features(), vector_knobs(), test::registers_of(line["regs"]), {});
  std::vector<Use> uses;
  for (const Json& access : line["accesses"]) uses.push_back(use_of(access));
  WalkCaches none({}, 0);
  for (const Use& filler : uses) {
    if (!filler.completes) continue;
    engine.set_processor_state(filler.state);
    const WalkReply filled = engine.walk(filler.va, filler.access, none, memory);
    const Words changed = memory.changes();
    memory.rewind();
    REQUIRE_FALSE(filled.fault);
    for (const Use& other : uses) {
      engine.set_processor_state(filler.state);
      judge(engine, filler, other, filled, changed, line["id"], tally);
    }
  }
}

}  // namespace

TEST_CASE("TLB entries serve exactly the accesses whose walks complete without a further flag") {
  const auto checker = make_vector_checker();
  VectorMemory memory;
  Tally tally;
  test::for_each_vector_line([&](const Json& line) {
    // Lines where the emulator departs from the manual say nothing here.
    if (checker->check(line, false).mismatches.empty()) judge_line(line, memory, tally);
  });
  INFO(tally.wrong);
  CHECK(tally.wrong.empty());
  CHECK(tally.pairs > 50000);
  CHECK(tally.served > tally.pairs / 2);
}

}  // namespace nestwalk::arm64
