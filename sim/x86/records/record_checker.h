// `nestwalk check` for records of KVM on AMD hardware: plays each script on a TdpMachine and
// compares what it has a model of: what the guest saw, nested page faults outside the harness's own
// memory, device exits, entries made for pages, dirty logs. Batches with shadow paging or nesting
// are counted as not modelled; so is every step after one that is not.
#pragma once
#include "common/vectors/record_checker.h"

namespace nestwalk::x86 {

class X86RecordChecker final : public RecordChecker {
 public:
  std::string_view name() const override { return "x86-kvm"; }
  bool recognises(const nlohmann::json& line) const override;
  std::span<const std::string_view> difference_classes() const override;
  RecordResult check(const nlohmann::json& line) override;
};

}  // namespace nestwalk::x86
