// A run as text: every event of every vCPU and every translation, for comparing runs byte by byte.
// Events of different vCPUs may be told in another order (a vCPU whose private hits run ahead tells
// of them early); those of one vCPU may not, but for accesses, which are put in order of issue.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support.h"

namespace nestwalk::test {

// Keeps every translation, per vCPU in order.
struct Translations final : TranslationListener {
  struct One {
    unsigned vcpu = 0;
    std::uint16_t space = 0;
    Va va{};
    Pa pa{};
  };
  std::vector<One> all;
  void translated(unsigned vcpu, std::uint16_t space, Va va, Pa pa) override {
    all.push_back({vcpu, space, va, pa});
  }
};

template <class Event>
void sort_by_vcpu(std::vector<Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.vcpu < b.vcpu; });
}

inline std::string text_of(Recorder seen, Translations translations, const TimedRun& run) {
  std::string text = fmt::format("{} cycles, DRAM {} {}\n", run.cycles, run.memory.dram.accesses(),
                                 run.memory.dram.row_hits);
  for (std::size_t i = 0; i < run.issued.size(); ++i)
    text += fmt::format("vcpu {} issued {} finished {}\n", i, run.issued[i], run.finish_cycles[i]);
  std::stable_sort(seen.accesses.begin(), seen.accesses.end(), [](const auto& a, const auto& b) {
    return std::tie(a.vcpu, a.issued_cycle) < std::tie(b.vcpu, b.issued_cycle);
  });
  for (const AccessDone& e : seen.accesses)
    text += fmt::format(
        "access {} {} {} {} 2^{} reads {} walks {} faults {} {} {:#x} at {} {} {} [{}]\n", e.vcpu,
        e.space, static_cast<int>(e.type), static_cast<int>(e.served), e.page_lg2, e.entry_reads,
        e.walks, e.guest_faults, e.host_faults, e.va.value, e.issued_cycle, e.translation_cycles,
        e.total_cycles, fmt::join(e.spans, " "));
  sort_by_vcpu(seen.references);
  for (const Reference& e : seen.references)
    text += fmt::format("reference {} {} {} {} {}\n", e.vcpu, e.position.stage1_height,
                        e.position.stage2_height, static_cast<int>(e.served), e.latency_cycles);
  sort_by_vcpu(seen.walks);
  for (const WalkDone& e : seen.walks)
    text += fmt::format("walk {} {} {} {} {} {}\n", e.vcpu, e.faulted, e.discarded, e.entry_reads,
                        e.page_lg2, e.latency_cycles);
  sort_by_vcpu(seen.faults);
  for (const FaultHandled& e : seen.faults)
    text += fmt::format("fault {} {} {} {}\n", e.vcpu, static_cast<int>(e.side), e.page_lg2,
                        e.latency_cycles);
  sort_by_vcpu(seen.shootdowns);
  for (const ShootdownDone& e : seen.shootdowns)
    text += fmt::format("shootdown {} {} {}\n", e.vcpu, e.targets, e.latency_cycles);
  sort_by_vcpu(translations.all);
  for (const Translations::One& e : translations.all)
    text += fmt::format("translation {} {} {:#x} {:#x}\n", e.vcpu, e.space, e.va.value, e.pa.value);
  return text;
}

// The first line in which two recordings differ; empty: none.
inline std::string first_difference(const std::string& a, const std::string& b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at == a.end() && other == b.end()) return {};
  const auto line = [](const std::string& text, std::size_t offset) {
    const std::size_t begin = offset ? text.rfind('\n', offset - 1) + 1 : 0;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  const auto offset = static_cast<std::size_t>(at - a.begin());
  return line(a, offset) + " | " + line(b, offset);
}

}  // namespace nestwalk::test
