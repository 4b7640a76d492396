// arm64 as the machine wants it (common/hyp/architecture.h): tables and hardware from a
// TranslationSpec, KVM's fault path, and what Linux invalidates after unmapping a page.
#pragma once
#include "arm64/translation_spec.h"
#include "common/hyp/architecture.h"

namespace nestwalk::arm64 {

class Arm64Architecture final : public Architecture {
 public:
  // The spec is legal (why_illegal, build.h).
  explicit Arm64Architecture(const TranslationSpec& spec) : spec_(spec) {}
  bool has_stage1() const override { return spec_.stage1.has_value(); }
  bool has_stage2() const override { return spec_.stage2.has_value(); }
  std::unique_ptr<PageTables> make_stage1(TableIo& io) const override;
  std::unique_ptr<PageTables> make_stage2(TableIo& io) const override;
  std::unique_ptr<TranslationEngine> make_engine(std::uint64_t stage2_root) const override;
  std::unique_ptr<HostFaultPath> make_host_fault_path(const CostTable& costs) const override;
  FlushSequence after_unmap(UnmapInvalidation kind, Tag tag,
                            const UnmappedBlock& block) const override;
  std::unique_ptr<TableWatch> watch_stage1(std::uint16_t space, std::uint64_t root,
                                           TableReader read) const override;
  std::unique_ptr<TableWatch> watch_stage2(std::uint64_t root, TableReader read) const override;
  bool invalidates_by_interrupt() const override { return false; }
  bool upper_half_in_same_tables() const override { return false; }
  std::uint16_t largest_space() const override { return 0xffff; }
  std::uint8_t stage1_granule_lg2() const override;
  std::uint8_t stage2_granule_lg2() const override;

 private:
  TranslationSpec spec_;
};

}  // namespace nestwalk::arm64
