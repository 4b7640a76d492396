// arm64 in scenarios: an ordinary guest under stage 2, and KVM/arm64 below it.
#pragma once
#include "arm64/kvm/arm64_architecture.h"
#include "common/scenario/dialect.h"

namespace nestwalk::arm64 {

class Arm64Dialect final : public scenario::Dialect {
 public:
  // With both stages, of 4K granules. The spec is legal.
  explicit Arm64Dialect(const TranslationSpec& spec) : architecture_(spec) {}

  const Architecture& architecture() const override { return architecture_; }
  scenario::FaultFacts facts(const scenario::Exit& exit) const override;
  scenario::Answer answer(const scenario::Exit& exit, HostVm& vm,
                          const scenario::Leaf* found) const override;
  bool unmaps_all_with_a_slot() const override { return false; }  // kvm_arch_flush_shadow_memslot
  bool splits_when_logging_begins() const override { return false; }  // no eager split chunk set
  bool recovers_large_entries() const override { return false; }
  std::optional<std::uint64_t> entry_address(scenario::Stage stage, const TranslationEngine& engine,
                                             std::uint64_t root, std::uint64_t in, int height,
                                             TableIo& io) const override;

 private:
  Arm64Architecture architecture_;
};

}  // namespace nestwalk::arm64
