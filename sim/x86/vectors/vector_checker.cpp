#include "x86/vectors/vector_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/vectors/differences.h"

namespace nestwalk::x86 {
namespace {

using Kind = VectorOutcome::Kind;

// A machine with one line's registers, over memory that holds the line's words.
class Machine {
 public:
  Machine(const VectorLine& line, const Cpu& cpu, PhysicalMemory& memory)
      : line_(line), engine_(cpu), port_(memory) {
    engine_.set(line.registers, line.vm);
  }

  VectorOutcome execute(const VectorAccess& access, WalkCaches& caches) {
    Registers registers = line_.registers;
    registers.rflags = access.rflags;
    registers.pkru = access.pkru;
    registers.pkrs = access.pkrs;
    engine_.set(registers, line_.vm);
    if (!loads_pdptes(caches)) return {Kind::general_protection};
    const WalkReply reply = engine_.walk(access.va, access.access, caches, port_);
    return reply.fault ? faulted(reply.fault, access) : completed(reply);
  }

  // Whether an ordinary violation would deny the access too, protection keys aside.
  bool denied_without_keys(const VectorAccess& access) {
    Registers registers = engine_.registers();
    registers.cr4 &= ~(one(cr4_pke) | one(cr4_pks));
    engine_.set(registers, line_.vm);
    WalkCaches none({}, 0);
    const Fault fault = engine_.walk(access.va, access.access, none, port_).fault;
    return fault.stage == 1 && fault.cause == FaultCause::permission;
  }

  std::string walk_text() const {
    std::string text;
    for (const JournalPort::Read& read : port_.reads()) {
      const RefPosition position = read.position;
      const unsigned stage = position.stage2_height == RefPosition::none ? 1 : 2;
      const int height = stage == 1 ? position.stage1_height : position.stage2_height;
      text += fmt::format("    {:<14} at {:#014x} = {:#018x}\n", engine_.level_name(stage, height),
                          read.at.value, read.word);
    }
    return text;
  }
  JournalPort& port() { return port_; }

 private:
  // PAE paging: CR3 must be loaded for the walk to have PDPTEs.
  bool loads_pdptes(WalkCaches& caches) {
    if (engine_.registers().paging_kind() != PagingKind::pae) return true;
    return !engine_.move_to_cr3(engine_.registers().cr3, caches, port_).general_protection;
  }
  VectorOutcome completed(const WalkReply& reply) const {
    VectorOutcome outcome{Kind::ok};
    outcome.pa = reply.pa.value;
    outcome.updates = port_.changes();
    return outcome;
  }
  VectorOutcome faulted(const Fault& fault, const VectorAccess& access) const {
    const Syndrome syndrome = engine_.syndrome(fault, access.va, access.access);
    VectorOutcome outcome;
    outcome.code = syndrome.code;
    outcome.gpa = syndrome.guest_physical.value;
    switch (syndrome.kind) {
      case Syndrome::Kind::page_fault:
        outcome.kind = Kind::page_fault;
        break;
      case Syndrome::Kind::nested_page_fault:
        outcome.kind = Kind::nested_page_fault;
        break;
      case Syndrome::Kind::general_protection:
        outcome.kind = Kind::general_protection;
        break;
      default:
        break;
    }
    return outcome;
  }

  const VectorLine& line_;
  Engine engine_;
  JournalPort port_;
};

bool agrees(const VectorOutcome& expected, const VectorOutcome& found) {
  if (expected.kind != found.kind) return false;
  switch (expected.kind) {
    case Kind::ok:
      return (!expected.pa_known || expected.pa == found.pa) &&
             (!expected.updates_known || expected.updates == found.updates);
    case Kind::page_fault:
      return !expected.code_known || expected.code == found.code;
    case Kind::nested_page_fault:
      return (!expected.code_known || expected.code == found.code) &&
             (!expected.gpa_known || expected.gpa == found.gpa);
    default:
      return true;
  }
}

bool differs_in_key_bit_only(const VectorOutcome& expected, const VectorOutcome& found) {
  constexpr std::uint64_t key_bit = 0x20;
  return expected.kind == Kind::page_fault && found.kind == Kind::page_fault &&
         (expected.code ^ found.code) == key_bit;
}

// The classes of differences, and the rules that make each: the first that explains a result
// counts.
struct Difference {
  std::string_view name;
  Quirks quirks;
};
constexpr std::array<Difference, 4> differences{{
    {"pae-pdpte-load", {.pdptes_read_by_walks = true}},
    {"pae-pdpte-reserved-bits", {.pdptes_read_by_walks = true, .pdpte_low_bits_ignored = true}},
    {"pse36-above-maxphyaddr", {.four_mib_pages_reach_40_bits = true}},
    {"pml4e-bit-8", {.upper_bit8_ignored = true}},
}};
constexpr auto difference_names = [] {
  std::array<std::string_view, differences.size()> names;
  std::ranges::transform(differences, names.begin(), &Difference::name);
  return names;
}();

// Checks the accesses of one line.
class LineCheck {
 public:
  LineCheck(const VectorLine& line, PhysicalMemory& memory, bool with_walks)
      : line_(line), memory_(memory), machine_(line, line.cpu, memory), with_walks_(with_walks) {
    machine_.port().keep_reads = with_walks;
    for (const auto& [at, word] : line.memory) memory_.write(Pa{at}, 8, word);
  }
  // What walks changed is undone, so frames without a word of the line hold zeros.
  ~LineCheck() {
    for (const auto& [at, word] : line_.memory) memory_.clear_frame(Pa{at});
  }
  LineCheck(const LineCheck&) = delete;
  LineCheck& operator=(const LineCheck&) = delete;

  void access(std::size_t index, const std::optional<WalkCachesSpec>& repeat_with) {
    const VectorAccess& access = line_.accesses[index];
    WalkCaches caches(repeat_with.value_or(WalkCachesSpec{}), 0);
    const VectorOutcome found = machine_.execute(access, caches);
    ++result_.checked;
    const bool accepted = accepts(machine_, access, found);
    const std::size_t at = result_.mismatches.size();
    if (!accepted) add(index, access.expected, found);
    if (repeat_with) repeat(index, found, caches);
    machine_.port().undo();
    if (!accepted) result_.mismatches[at].differences = explain(access);
  }
  VectorResult& result() { return result_; }

 private:
  static bool accepts(Machine& machine, const VectorAccess& access, const VectorOutcome& found) {
    return agrees(access.expected, found) ||
           (differs_in_key_bit_only(access.expected, found) && machine.denied_without_keys(access));
  }

  // The classes whose rules give exactly the vector's result.
  std::vector<std::string_view> explain(const VectorAccess& access) const {
    return explaining_classes(difference_names, [&](std::size_t i, std::size_t j) {
      Cpu cpu = line_.cpu;
      cpu.quirks = differences[i].quirks | differences[j].quirks;
      Machine machine(line_, cpu, memory_);
      WalkCaches none({}, 0);
      const bool explained = accepts(machine, access, machine.execute(access, none));
      machine.port().undo();
      return explained;
    });
  }

  // Caches are warm now and flags are set: the same outcome, and nothing more to set.
  void repeat(std::size_t index, const VectorOutcome& found, WalkCaches& caches) {
    const Words changed = machine_.port().changes();
    VectorOutcome again = machine_.execute(line_.accesses[index], caches);
    if (machine_.port().changes() != changed) again.kind = Kind::other;
    if (!agrees(found, again)) add(index, found, again);
  }

  void add(std::size_t index, const VectorOutcome& expected, const VectorOutcome& found) {
    result_.mismatches.push_back({line_.id, index, line_.accesses[index].text(), expected.text(),
                                  found.text(), with_walks_ ? machine_.walk_text() : ""});
  }

  const VectorLine& line_;
  PhysicalMemory& memory_;
  Machine machine_;
  bool with_walks_;
  VectorResult result_;
};

}  // namespace

std::span<const std::string_view> X86VectorChecker::difference_classes() const {
  return difference_names;
}

VectorResult X86VectorChecker::check(const nlohmann::json& json, bool with_walks) {
  const VectorLine line = parse_vector(json);
  LineCheck check(line, memory_, with_walks);
  for (std::size_t i = 0; i < line.accesses.size(); ++i) check.access(i, repeat_with_);
  return std::move(check.result());
}

}  // namespace nestwalk::x86
