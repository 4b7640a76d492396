#include "arm64/records/record_checker.h"

#include <fmt/format.h>

#include "arm64/records/canonical_stage2.h"

namespace nestwalk::arm64 {
namespace {

// Plays the steps of one record that the guest hypervisor (L1) makes by itself.
class Player {
 public:
  explicit Player(const Record& record) : record_(record), stage2_(record) {
    for (const auto& [at, word] : record.words) words_[at] = word;
  }

  RecordResult play() {
    for (std::size_t i = 0; i < record_.steps.size(); ++i) {
      const RecordedStep& step = record_.steps[i];
      const bool own = step.op == "l1_read" || step.op == "l1_write";
      const std::string kind = step.op == "host" ? "host " + step.detail : step.op;
      if (!own || step.truncated || unmapped_) {
        ++result_.not_modelled[own && unmapped_ ? kind + " after the host has unmapped" : kind];
        pass_over(step);
      } else {
        perform(static_cast<unsigned>(i), step);
      }
    }
    return std::move(result_);
  }

 private:
  // What a step without a model leaves behind.
  void pass_over(const RecordedStep& step) {
    for (const Mapping& mapping : step.maps) stage2_.mapped(mapping);
    if (step.op == "host" && step.detail != "getlog" && step.detail != "read") unmapped_ = true;
    unmapped_ |= step.unmaps;
    if (step.op == "run" || step.op == "at") words_.clear();  // hardware or L2 may write
  }

  void perform(unsigned index, const RecordedStep& step) {
    ++result_.checked;
    const bool write = step.op == "l1_write";
    const CanonicalStage2::Outcome outcome = stage2_.access(Ipa{step.address}, write);
    std::vector<std::uint64_t> faults;
    if (outcome.faulted) faults.push_back(step.address & ~std::uint64_t{4095});
    std::string expected = text(step.faults, step.maps), found = text(faults, outcome.maps);
    const auto word = words_.find(step.address);
    if (!write && word != words_.end() && step.value) {
      expected += fmt::format(", value {:#x}", *step.value);
      found += fmt::format(", value {:#x}", word->second);
    }
    if (write && step.value) words_[step.address] = *step.value;
    if (expected == found) return;
    result_.mismatches.push_back(
        {record_.id, index, fmt::format("{} {:#x}", step.op, step.address), expected, found});
    for (const Mapping& mapping : step.maps) stage2_.mapped(mapping);
  }

  static std::string text(const std::vector<std::uint64_t>& faults,
                          const std::vector<Mapping>& maps) {
    std::string text = faults.empty() ? "no fault" : "faults at";
    for (const std::uint64_t fault : faults) text += fmt::format(" {:#x}", fault);
    for (const Mapping& map : maps) text += fmt::format(", maps {:#x}+{:#x}", map.ipa, map.bytes);
    return text;
  }

  const Record& record_;
  CanonicalStage2 stage2_;
  std::map<std::uint64_t, std::uint64_t> words_;  // of memory, as far as they are known
  bool unmapped_ = false;
  RecordResult result_;
};

}  // namespace

bool ArmRecordChecker::recognises(const nlohmann::json& line) const {
  return looks_like_record(line) || looks_like_traps(line);
}

RecordResult ArmRecordChecker::check(const nlohmann::json& line) {
  if (looks_like_record(line)) {
    const Record record = parse_record(line);
    return Player(record).play();
  }
  RecordResult result;
  result.not_modelled["hardware traps per operation"] = 1;
  return result;
}

}  // namespace nestwalk::arm64
