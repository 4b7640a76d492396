// x86 in scenarios: an ordinary guest under EPT or NPT, and KVM's TDP MMU below it.
#pragma once
#include "common/scenario/dialect.h"
#include "x86/kvm/tdp_answer.h"
#include "x86/kvm/x86_architecture.h"

namespace nestwalk::x86 {

class X86Dialect final : public scenario::Dialect {
 public:
  // With a second stage and a guest that pages.
  explicit X86Dialect(const TranslationSpec& spec) : architecture_(spec) {
    traits_.mmio_caching = false;
  }

  const Architecture& architecture() const override { return architecture_; }
  scenario::FaultFacts facts(const scenario::Exit& exit) const override;
  scenario::Answer answer(const scenario::Exit& exit, HostVm& vm,
                          const scenario::Leaf* found) const override;
  bool unmaps_all_with_a_slot() const override { return true; }      // kvm_mmu_zap_all_fast
  bool splits_when_logging_begins() const override { return true; }  // eager_page_split=Y
  bool recovers_large_entries() const override { return true; }      // since Linux 6.13
  std::optional<std::uint64_t> entry_address(scenario::Stage stage, const TranslationEngine& engine,
                                             std::uint64_t root, std::uint64_t in, int height,
                                             TableIo& io) const override;

 private:
  X86Architecture architecture_;
  TdpTraits traits_;
};

}  // namespace nestwalk::x86
