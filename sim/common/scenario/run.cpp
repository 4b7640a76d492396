#include "common/scenario/run.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "common/base/bits.h"
#include "common/base/user_error.h"
#include "common/scenario/world.h"

namespace nestwalk::scenario {
namespace {

std::string text_of(const FaultFacts& fault) {
  return fmt::format("{} {:#x}{}", fault.reason, fault.code,
                     fault.gpa ? fmt::format(" at {:#x}", fault.gpa) : "");
}

std::string text_of(const ExpectedExit& exit) {
  std::string text = exit.reason;
  if (exit.code) text += fmt::format(" {:#x}", *exit.code);
  if (exit.gpa) text += fmt::format(" at {:#x}", *exit.gpa);
  return text;
}

bool meets(const ExpectedExit& wanted, const FaultFacts& found) {
  return wanted.reason == found.reason && wanted.code.value_or(found.code) == found.code &&
         wanted.gpa.value_or(found.gpa) == found.gpa;
}

std::string text_of(const Step& step, const Outcome& outcome) {
  std::string text(name_of(*step.act));
  if (*step.act == Do::access)
    text += fmt::format(" vCPU {} {} {:#x} {}", step.vcpu,
                        step.access.type == AccessType::read    ? "read"
                        : step.access.type == AccessType::write ? "write"
                                                                : "fetch",
                        step.address, step.access.user ? "user" : "privileged");
  text += fmt::format(": {}", name_of(outcome.end));
  if (outcome.end == End::fault) text += fmt::format(" {}", text_of(outcome.fault));
  if (!outcome.why.empty()) text += fmt::format(" ({})", outcome.why);
  if (*step.act == Do::access && outcome.end == End::ok)
    text += fmt::format(", gpa {:#x}, pa {:#x}", outcome.gpa.value, outcome.pa.value);
  return text;
}

// Compares one step's outcome, and the state after it, with what is expected.
class Judge {
 public:
  Judge(World& world, const Expect& wanted, const Outcome& found, std::vector<Miss>& misses)
      : world_(world), wanted_(wanted), found_(found), misses_(misses) {}

  void all() {
    if (wanted_.result && *wanted_.result != found_.end)
      miss("result", name_of(*wanted_.result), name_of(found_.end));
    number("gpa", wanted_.gpa, found_.gpa.value);
    number("guest_size", wanted_.guest_bytes, bytes(found_.guest_lg2));
    number("host_size", wanted_.host_bytes, bytes(found_.host_lg2));
    if (wanted_.fault && (found_.end != End::fault || !meets(*wanted_.fault, found_.fault)))
      miss("fault", text_of(*wanted_.fault),
           found_.end == End::fault ? text_of(found_.fault) : "no fault");
    if (wanted_.exits) exits();
    if (wanted_.violation && *wanted_.violation != found_.violation)
      miss("violation", name_of(*wanted_.violation), name_of(found_.violation));
    if (wanted_.dirty && *wanted_.dirty != found_.dirty)
      miss("dirty", fmt::format("{}", *wanted_.dirty), fmt::format("{}", found_.dirty));
    for (const ExpectedLeaf& wanted : wanted_.leaves) leaf(wanted);
    for (const ExpectedTlb& wanted : wanted_.tlb) tlb(wanted);
    counters();
  }

 private:
  void miss(std::string what, std::string_view expected, std::string_view found) {
    misses_.push_back({wanted_.place, std::move(what), std::string(expected), std::string(found)});
  }
  void number(std::string what, const std::optional<std::uint64_t>& wanted, std::uint64_t found) {
    if (wanted && *wanted != found)
      miss(std::move(what), fmt::format("{:#x}", *wanted), fmt::format("{:#x}", found));
  }
  void count(std::string what, const std::optional<std::uint64_t>& wanted, std::uint64_t found) {
    if (wanted && *wanted != found)
      miss(std::move(what), fmt::format("{}", *wanted), fmt::format("{}", found));
  }
  static std::uint64_t bytes(unsigned lg2) { return lg2 ? one(lg2) : 0; }

  void exits() {
    bool same = wanted_.exits->size() == found_.exits.size();
    for (std::size_t i = 0; same && i < found_.exits.size(); ++i)
      same = meets((*wanted_.exits)[i], found_.exits[i]);
    if (same) return;
    const auto list = [](const auto& items) {
      std::vector<std::string> texts;
      for (const auto& item : items) texts.push_back(text_of(item));
      return texts.empty() ? std::string("none") : fmt::format("{}", fmt::join(texts, ", "));
    };
    miss("exits", list(*wanted_.exits), list(found_.exits));
  }

  void leaf(const ExpectedLeaf& wanted) {
    const Leaf* found = world_.leaf_at(Ipa{wanted.gpa});
    const std::string what = fmt::format("leaf at {:#x}", wanted.gpa);
    number(what + ", size", wanted.bytes, found ? bytes(found->size_lg2) : 0);
    const auto right = [&](std::string_view name, std::optional<bool> is, bool now) {
      if (is && (!found || *is != now))
        miss(fmt::format("{}, {}", what, name), fmt::format("{}", *is),
             found ? fmt::format("{}", now) : "no leaf");
    };
    right("writable", wanted.writable, found && found->writable);
    right("executable", wanted.executable, found && found->executable);
  }

  void tlb(const ExpectedTlb& wanted) {
    const bool holds = world_.tlb_serves(wanted.vcpu, Va{wanted.address}, wanted.access);
    if (holds != wanted.holds)
      miss(fmt::format("TLB of vCPU {}, {:#x}", wanted.vcpu, wanted.address),
           wanted.holds ? "an entry that serves the access" : "no such entry",
           holds ? "one" : "none");
  }

  void counters() {
    const Counters& now = world_.counters();
    const ExpectedCounters& wanted = wanted_.counters;
    count("counters.exits", wanted.exits, now.exits);
    count("counters.mapped", wanted.mapped, now.mapped);
    count("counters.zapped", wanted.zapped, now.zapped);
    count("counters.spurious", wanted.spurious, now.spurious);
    count("counters.mmio", wanted.mmio, now.mmio);
    count("counters.flushes", wanted.flushes, now.flushes);
  }

  World& world_;
  const Expect& wanted_;
  const Outcome& found_;
  std::vector<Miss>& misses_;
};

// What must not happen unless a step says that it does.
void judge_unasked(const Step& step, const std::optional<Expect>& wanted, const Outcome& found,
                   std::vector<Miss>& misses) {
  if (found.end == End::no_progress && !(wanted && wanted->result))
    misses.push_back({step.place, "progress", "an end", "the same exit again and again"});
  if (found.violation != Violation::none && !(wanted && wanted->violation))
    misses.push_back({step.place, "violation", "none", std::string(name_of(found.violation))});
}

}  // namespace

std::string_view name_of(Do act) {
  switch (act) {
    case Do::map:
      return "map";
    case Do::unmap:
      return "unmap";
    case Do::protect:
      return "protect";
    case Do::write_entry:
      return "write_entry";
    case Do::invalidate:
      return "invalidate";
    case Do::access:
      return "access";
    case Do::add_slot:
      return "add_slot";
    case Do::delete_slot:
      return "delete_slot";
    case Do::move_slot:
      return "move_slot";
    case Do::set_slot_flags:
      return "set_slot_flags";
    case Do::get_dirty_log:
      return "get_dirty_log";
    case Do::discard:
      return "discard";
    case Do::collapse:
      return "collapse";
    case Do::protect_host:
      return "protect_host";
  }
  return "";
}

std::string_view name_of(End end) {
  switch (end) {
    case End::ok:
      return "ok";
    case End::fault:
      return "fault";
    case End::mmio:
      return "mmio";
    case End::external_abort:
      return "external_abort";
    case End::refused:
      return "refused";
    case End::no_progress:
      return "no_progress";
  }
  return "";
}

std::string_view name_of(Violation violation) {
  switch (violation) {
    case Violation::none:
      return "none";
    case Violation::stale:
      return "stale";
    case Violation::isolation:
      return "isolation";
  }
  return "";
}

Played play(const Scene& scene, std::unique_ptr<Dialect> dialect) {
  Played played{scene.place.file, scene.name, {}, {}};
  Place place = scene.place;
  try {
    World world(scene, std::move(dialect));
    for (const auto& [step, expect] : scene.steps) {
      place = step.place;
      Outcome outcome;
      if (step.act) {
        outcome = world.perform(step);
        PlayedStep told{step.place.line, text_of(step, outcome), {}};
        for (const FaultFacts& exit : outcome.exits) told.told.push_back("exit " + text_of(exit));
        told.told.insert(told.told.end(), outcome.told.begin(), outcome.told.end());
        played.steps.push_back(std::move(told));
      }
      if (expect) Judge(world, *expect, outcome, played.misses).all();
      judge_unasked(step, expect, outcome, played.misses);
    }
  } catch (const BadStep& bad) {
    throw UserErrors(UserError{place.file, place.line, place.key, bad.what()});
  }
  return played;
}

void print(const Played& played, bool trace, std::ostream& out) {
  fmt::print(out, "{}: {}\n", played.passed() ? "passed" : "FAILED", played.name);
  for (const PlayedStep& step : played.steps) {
    if (!trace) break;
    fmt::print(out, "  line {}: {}\n", step.line, step.text);
    for (const std::string& line : step.told) fmt::print(out, "    {}\n", line);
  }
  for (const Miss& miss : played.misses)
    fmt::print(out, "  {}:{}: {}\n    expected {}\n    found    {}\n", miss.place.file,
               miss.place.line, miss.what, miss.expected, miss.found);
}

}  // namespace nestwalk::scenario
