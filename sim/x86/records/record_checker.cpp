#include "x86/records/record_checker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "x86/records/tdp_machine.h"

namespace nestwalk::x86 {
namespace {

// An entry with a reserved bit set is present: #PF codes and EXITINFO1 have P and RSVD (APM vol. 2,
// 8.4.2 and 15.25.6); the machine behind the records leaves P out.
constexpr std::string_view rsvd_without_present = "rsvd-without-present";
constexpr std::array<std::string_view, 1> classes{rsvd_without_present};

bool word_is(const Command& command, std::string_view name) { return command.words[0] == name; }

// Plays the steps of one record.
class Player {
 public:
  explicit Player(const Record& record) : record_(record), machine_(record) {}

  RecordResult play() {
    std::string stopped;
    for (const RecordedStep& step : record_.steps) {
      set_up();
      if (step.skipped) continue;
      Observed found;
      if (stopped.empty() && !step.refused)
        stopped = perform(step.command, found) ? found.not_modelled : why_;
      if (stopped.empty() && step.died) stopped = "the vCPU ends";
      if (!stopped.empty()) {
        ++result_.not_modelled[stopped];
        if (!stopped.starts_with("after: ")) stopped = "after: " + stopped;
      } else if (step.truncated) {
        ++result_.not_modelled["a list that was cut"];
      } else {
        compare(step, found);
      }
    }
    return std::move(result_);
  }

 private:
  // Commands of the script up to the next step's, which is passed over.
  void set_up() {
    for (; next_ < record_.script.size(); ++next_) {
      const Command& command = record_.script[next_];
      if (word_is(command, "p") || word_is(command, "p4")) {
        machine_.poke(Ipa{command.number(1)}, word_is(command, "p") ? 8 : 4, command.number(2));
      } else if (word_is(command, "z")) {
        clear(command.number(1), command.number(2));
      } else if (!word_is(command, "slot") && !word_is(command, "l2")) {
        ++next_;
        return;
      }
    }
  }
  void clear(std::uint64_t frame, std::uint64_t frames) {
    for (std::uint64_t at = frame << 12; at < (frame + frames) << 12; at += 8)
      machine_.poke(Ipa{at}, 8, 0);
  }

  // False: there is no model of this kind of step; why_ says which.
  bool perform(const Command& command, Observed& seen) {
    const std::string& op = command.words[0];
    why_ = op;
    if (op == "sf" || op == "dl" || op == "sd" || op == "sm" || op == "sa" || op == "mad" ||
        op == "touch" || op == "hp" || op == "peek")
      return host(command, seen);
    if (op == "start") return start(command, seen);
    if (op == "nrmmu") return true;  // the TDP MMU's pages have no quota
    if (op == "prefault") {
      machine_.prefault(Ipa{command.number(2)}, command.number(3), seen);
      return true;
    }
    constexpr std::array<std::string_view, 12> known{"a", "g", "gr", "gx", "rep", "un",
                                                     "n", "i", "c0", "c3", "c4",  "msr"};
    if (std::ranges::find(known, op) == known.end()) return false;
    const auto vcpu = static_cast<unsigned>(command.number(1));
    machine_.run_harness(vcpu, seen);
    if (!seen.not_modelled.empty()) return true;
    if (op == "a") return guest_access(command, vcpu, seen);
    if (op == "g" || op == "gx" || op == "gr" || op == "rep")
      return through_window(command, vcpu, seen);
    return control(command, vcpu, seen);
  }

  bool start(const Command& command, Observed& seen) {
    for (unsigned vcpu = 0; vcpu < 4; ++vcpu) {
      Registers& r = machine_.registers(vcpu);
      r.cr3 = command.number(1);
      r.cr4 ^= command.number(2);
      r.cr0 ^= command.number(3);
      r.efer ^= command.number(4);
    }
    machine_.run_harness(0, seen);
    return true;
  }

  bool guest_access(const Command& command, unsigned vcpu, Observed& seen) {
    const std::string& type = command.words.at(2);
    GuestAccess access{.vcpu = vcpu};
    access.how.type = type == "r"   ? AccessType::read
                      : type == "w" ? AccessType::write
                                    : AccessType::fetch;
    access.how.user = command.words.at(3) == "u";
    access.alignment_check = command.number(4) != 0;
    access.bytes = static_cast<unsigned>(command.number(5));
    access.va = Va{command.number(6)};
    if (type == "w") access.data = command.number(7);
    if (type == "x") access.va = access.va + 0xf00;
    machine_.access(access, seen);
    return true;
  }

  bool through_window(const Command& command, unsigned vcpu, Observed& seen) {
    GuestAccess access{.vcpu = vcpu, .how = {.type = AccessType::write, .user = false}};
    if (command.words[0] == "rep") {
      for (std::uint64_t i = 0; i < command.number(4); ++i) {
        access.bytes = record_.mode == GuestMode::two_level ? 4 : 8;
        access.va = machine_.window(command.number(2) + i * command.number(5));
        access.data = command.number(3);
        machine_.access(access, seen);
      }
      return true;
    }
    access.bytes = static_cast<unsigned>(command.number(2));
    access.va = machine_.window(command.number(3));
    if (command.words[0] == "gr")
      access.how.type = AccessType::read;
    else
      access.data = command.number(4);
    machine_.access(access, seen);
    return true;
  }

  bool control(const Command& command, unsigned vcpu, Observed& seen) {
    const std::string& op = command.words[0];
    Registers& r = machine_.registers(vcpu);
    if (op == "c0") r.cr0 = command.number(2);
    if (op == "c3") r.cr3 = command.number(2);
    if (op == "c4") r.cr4 = command.number(2);
    constexpr std::uint64_t msr_efer = 0xc0000080;
    if (op == "msr" && command.number(2) != msr_efer) return false;
    if (op == "msr") r.efer = (r.efer & one(efer_lma)) | command.number(3);
    machine_.run_harness(vcpu, seen);
    return true;
  }

  bool host(const Command& command, Observed& seen) {
    const std::string& op = command.words[0];
    const auto id = [&] { return static_cast<std::uint16_t>(command.number(1)); };
    if (op == "sf") {
      const std::uint64_t flags = command.number(2);
      machine_.set_flags(id(), flags & 1, flags & 2);
    } else if (op == "dl") {
      dirty_ = machine_.take_dirty(id());
    } else if (op == "sd") {
      machine_.delete_slot(id());
    } else if (op == "sm") {
      machine_.move_slot(id(), Ipa{command.number(2)});
    } else if (op == "sa") {
      add_slot(command);
    } else if (op == "touch") {
      machine_.refill(Ipa{command.number(1)}, command.number(2));
    } else if (op == "mad") {
      if (command.words.at(3) != "dontneed") return false;
      machine_.discard(Ipa{command.number(1)}, command.number(2));
    } else if (op == "hp") {
      machine_.poke(Ipa{command.number(1)}, 8, command.number(2));
    } else {  // peek
      const auto word = machine_.peek(Ipa{command.number(1)}, 8);
      if (word) seen.value = fmt::format("{:#x}", *word);
    }
    return true;
  }

  void add_slot(const Command& command) {
    RecordedSlot slot{.id = static_cast<std::uint16_t>(command.number(1)),
                      .gpa = command.number(2),
                      .bytes = command.number(3),
                      .host_offset = command.number(6)};
    const std::uint64_t kind = command.number(4), flags = command.number(5);
    slot.backing = kind == 0   ? SlotBacking::small
                   : kind == 1 ? SlotBacking::transparent_huge
                   : kind == 2 ? SlotBacking::pool_2m
                               : SlotBacking::pool_1g;
    slot.log_dirty = flags & 1;
    slot.read_only = flags & 2;
    machine_.add_slot(slot);
  }

  static std::string result_text(bool exception, std::uint64_t vector, std::uint64_t error,
                                 std::uint64_t cr2, const std::string& value) {
    if (exception) return fmt::format("exception {} code {:#x} cr2 {:#x}", vector, error, cr2);
    return value.empty() ? "nothing" : value;
  }
  static std::string mmio_text(const std::vector<RecordedMmio>& list) {
    std::string text;
    for (const RecordedMmio& mmio : list)
      text += fmt::format(" {} {:#x} of {} bytes {:#x}", mmio.write ? "store to" : "load from",
                          mmio.gpa, mmio.bytes, mmio.data);
    return text;
  }

  // What is compared depends on the kind of step.
  static bool tells_faults(const std::string& op) {
    constexpr std::array<std::string_view, 7> host{"sf", "dl", "sd", "sm", "sa", "mad", "touch"};
    return std::ranges::find(host, op) == host.end();
  }

  void compare(const RecordedStep& step, const Observed& found) {
    ++result_.checked;
    const std::string& op = step.command.words[0];
    std::string expected_text, found_text, corrected_text;
    const auto line = [&](const std::string& expected, const std::string& now,
                          const std::string& corrected) {
      expected_text += expected + "; ";
      found_text += now + "; ";
      corrected_text += corrected + "; ";
    };
    const auto same = [&](const std::string& expected, const std::string& now) {
      line(expected, now, now);
    };
    if (op == "a" || op == "gr")
      line(result_text(step.exception, step.vector, step.error, step.cr2, step.value),
           result_text(found.exception, found.vector, found.error, found.cr2, found.value),
           result_text(found.exception, found.vector, without_present(found.error), found.cr2,
                       found.value));
    if (op == "peek") same(step.memory, found.value);
    if (step.has_dirty) {
      std::vector<std::string> frames;
      for (const std::uint64_t frame : dirty_) frames.push_back(fmt::format("{:#x}", frame));
      same(fmt::format("dirty {}", fmt::join(step.dirty, " ")),
           fmt::format("dirty {}", fmt::join(frames, " ")));
    }
    if (tells_faults(op)) {
      line(fault_text(step.page_faults), fault_text(found.page_faults),
           fault_text(without_present(found.page_faults)));
      same("entries " + fmt::format("{}", fmt::join(guest_leaves(step.leaves), " ")),
           "entries " + fmt::format("{}", fmt::join(found.leaves, " ")));
      same("exits" + mmio_text(step.mmio), "exits" + mmio_text(found.mmio));
    }
    if (expected_text == found_text) return;
    RecordMismatch mismatch{record_.id + " (" + record_.batch + ")", step.number, step.command.text,
                            expected_text, found_text};
    if (expected_text == corrected_text) mismatch.differences = {rsvd_without_present};
    result_.mismatches.push_back(std::move(mismatch));
  }

  static bool in_harness(std::uint64_t gpa) { return gpa >> 20 >= 0x100 && gpa >> 20 < 0x106; }
  static std::string fault_text(const std::vector<std::string>& faults) {
    std::string text = "faults";
    for (const std::string& fault : faults) {
      const std::size_t at = fault.find('@');
      if (at != std::string::npos && in_harness(std::stoull(fault.substr(at + 1), nullptr, 16)))
        continue;
      text += " " + fault;
    }
    return text;
  }
  static std::vector<std::string> guest_leaves(const std::vector<std::string>& leaves) {
    std::vector<std::string> kept;
    for (const std::string& leaf : leaves)
      if (!in_harness(std::stoull(leaf, nullptr, 16) << 12)) kept.push_back(leaf);
    return kept;
  }
  static std::uint64_t without_present(std::uint64_t code) {
    return bit(code, 3) ? code & ~std::uint64_t{1} : code;
  }
  static std::vector<std::string> without_present(std::vector<std::string> faults) {
    for (std::string& fault : faults) {
      const std::size_t at = fault.find('@');
      const std::uint64_t code = std::stoull(fault.substr(4, at - 4), nullptr, 16);
      fault = fmt::format("npf:{:#x}{}", without_present(code), fault.substr(at));
    }
    return faults;
  }

  const Record& record_;
  TdpMachine machine_;
  RecordResult result_;
  std::vector<std::uint64_t> dirty_;  // of the last dirty log
  std::string why_;
  std::size_t next_ = 0;  // command of the script
};

}  // namespace

bool X86RecordChecker::recognises(const nlohmann::json& line) const {
  return looks_like_record(line);
}

std::span<const std::string_view> X86RecordChecker::difference_classes() const { return classes; }

RecordResult X86RecordChecker::check(const nlohmann::json& line) {
  const Record record = parse_record(line);
  if (record.tdp) return Player(record).play();
  RecordResult result;
  result.not_modelled["batch " + record.batch] = record.steps.size();
  return result;
}

}  // namespace nestwalk::x86
