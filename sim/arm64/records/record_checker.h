// `nestwalk check` for records of KVM on Arm: the guest hypervisor's own loads and stores, and what
// they map in its stage 2. Everything that runs its guest is counted as not modelled.
#pragma once
#include "common/vectors/record_checker.h"

namespace nestwalk::arm64 {

class ArmRecordChecker final : public RecordChecker {
 public:
  std::string_view name() const override { return "arm64-kvm"; }
  bool recognises(const nlohmann::json& line) const override;
  std::span<const std::string_view> difference_classes() const override { return {}; }
  RecordResult check(const nlohmann::json& line) override;
};

}  // namespace nestwalk::arm64
