// x86 as the machine wants it (common/hyp/architecture.h): tables and hardware from a
// TranslationSpec, KVM's fault path, and what Linux invalidates after unmapping a page.
#pragma once
#include "common/hyp/architecture.h"
#include "x86/translation_spec.h"

namespace nestwalk::x86 {

class X86Architecture final : public Architecture {
 public:
  explicit X86Architecture(const TranslationSpec& spec);
  bool has_stage1() const override { return spec_.guest != PagingKind::off; }
  bool has_stage2() const override { return spec_.host != VirtualMachine::Paging::none; }
  std::unique_ptr<PageTables> make_stage1(TableIo& io) const override;
  std::unique_ptr<PageTables> make_stage2(TableIo& io) const override;
  std::unique_ptr<TranslationEngine> make_engine(std::uint64_t stage2_root) const override;
  std::unique_ptr<HostFaultPath> make_host_fault_path(const CostTable& costs) const override;
  FlushSequence after_unmap(UnmapInvalidation kind, Tag tag,
                            const UnmappedBlock& block) const override;
  bool invalidates_by_interrupt() const override { return true; }
  bool upper_half_in_same_tables() const override {  // 32-bit modes have no sign-extended half
    return spec_.guest == PagingKind::four_level || spec_.guest == PagingKind::five_level;
  }
  std::uint16_t largest_space() const override { return 0xfff; }
  std::uint8_t stage1_granule_lg2() const override { return 12; }
  std::uint8_t stage2_granule_lg2() const override { return 12; }

 private:
  TranslationSpec spec_;
  std::shared_ptr<class Ep4taIds> ids_;
};

}  // namespace nestwalk::x86
