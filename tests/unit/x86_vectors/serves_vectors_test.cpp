// TLB entries against the vectors: an entry that one access fills must serve another access to the
// same page exactly if the emulator's walk completed that one too and needed no further flag.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "common/vectors/line_reader.h"
#include "x86/vectors/vector_checker.h"

namespace nestwalk::x86 {
namespace {

// Whether `now` holds every flag of `wanted`. A write may have set D besides; 32-bit entries are
// two to a word.
bool done(const Words& wanted, const Words& now, bool written) {
  constexpr std::uint64_t dirty = 0x40'0000'0040;
  return std::ranges::all_of(wanted, [&](const auto& want) {
    return std::ranges::any_of(now, [&](const auto& have) {
      const std::uint64_t apart = have.second ^ want.second;
      return have.first == want.first && (apart == 0 || (written && (apart & ~dirty) == 0));
    });
  });
}

struct Tally {
  std::size_t pairs = 0, served = 0;
  std::string wrong;
};

class LineJudge {
 public:
  LineJudge(const VectorLine& line, Tally& tally) : line_(line), tally_(tally), engine_(line.cpu) {
    for (const auto& [at, word] : line.memory) memory_.write(Pa{at}, 8, word);
  }
  void judge() {
    for (const VectorAccess& filler : line_.accesses) {
      if (filler.expected.kind != VectorOutcome::Kind::ok) continue;
      set(filler);
      WalkCaches none({}, 0);
      const WalkReply filled = engine_.walk(filler.va, filler.access, none, port_);
      const Words changed = port_.changes();
      port_.undo();
      REQUIRE_FALSE(filled.fault);
      for (const VectorAccess& other : line_.accesses)
        if ((filler.va.value ^ other.va.value) >> filled.entry.size_lg2 == 0)
          judge(filler, other, filled, changed);
    }
  }

 private:
  void set(const VectorAccess& access) {
    Registers registers = line_.registers;
    registers.rflags = access.rflags;
    registers.pkru = access.pkru;
    registers.pkrs = access.pkrs;
    engine_.set(registers, line_.vm);
    if (registers.paging_kind() != PagingKind::pae) return;
    WalkCaches none({}, 0);
    engine_.move_to_cr3(registers.cr3, none, port_);
  }
  void judge(const VectorAccess& filler, const VectorAccess& other, const WalkReply& filled,
             const Words& changed) {
    set(other);
    const VectorOutcome& expected = other.expected;
    const bool serves = engine_.serves(filled.entry.attributes, other.access);
    const bool right = expected.kind == VectorOutcome::Kind::ok &&
                       done(expected.updates, changed, filler.access.type == AccessType::write);
    const std::uint64_t pa =
        filled.entry.frame.value | (other.va.value & low_mask(filled.entry.size_lg2));
    ++tally_.pairs;
    tally_.served += serves;
    if (serves != right || (serves && expected.pa_known && expected.pa != pa))
      tally_.wrong +=
          line_.id + ": filled by " + filler.text() + ", asked by " + other.text() + "\n";
  }

  const VectorLine& line_;
  Tally& tally_;
  Engine engine_;
  PhysicalMemory memory_;
  JournalPort port_{memory_};
};

}  // namespace

TEST_CASE("TLB entries serve exactly the accesses whose walks complete without a further flag") {
  X86VectorChecker checker;
  Tally tally;
  for (const auto& file :
       std::filesystem::directory_iterator(NESTWALK_SOURCE_DIR "/tests/conformance/vectors/x86")) {
    if (file.path().extension() != ".xz") continue;
    LineReader reader(file.path().string());
    for (std::string text; reader.next(text);) {
      const nlohmann::json json = nlohmann::json::parse(text);
      // Lines where the emulator departs from the manual say nothing here.
      if (!checker.check(json, false).mismatches.empty()) continue;
      const VectorLine line = parse_vector(json);
      LineJudge(line, tally).judge();
    }
  }
  INFO(tally.wrong);
  CHECK(tally.wrong.empty());
  CHECK(tally.pairs > 30000);
  CHECK(tally.served > tally.pairs / 2);
}

}  // namespace nestwalk::x86
