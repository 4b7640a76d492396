// Break-before-make on the running machine (Arm ARM D8.17.1; spec 1.9.4, T101 to T105): a guest
// kernel that does not invalidate what it has unmapped is found out; the ordinary one never is.
#include <doctest/doctest.h>

#include "child.h"
#include "random_run.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

// Another architecture, with a kernel that forgets to invalidate, or invalidates the wrong page.
class Careless final : public Architecture {
 public:
  enum class Mistake : std::uint8_t { nothing_invalidated, wrong_page, none };
  Careless(std::unique_ptr<Architecture> of, Mistake mistake)
      : of_(std::move(of)), mistake_(mistake) {}
  FlushSequence after_unmap(UnmapInvalidation kind, Tag tag,
                            const UnmappedBlock& block) const override {
    if (mistake_ == Mistake::nothing_invalidated) return {};
    UnmappedBlock named = block;
    if (mistake_ == Mistake::wrong_page) named.base = block.base + GiB;
    return of_->after_unmap(kind, tag, named);
  }

  bool has_stage1() const override { return of_->has_stage1(); }
  bool has_stage2() const override { return of_->has_stage2(); }
  std::unique_ptr<PageTables> make_stage1(TableIo& io) const override {
    return of_->make_stage1(io);
  }
  std::unique_ptr<PageTables> make_stage2(TableIo& io) const override {
    return of_->make_stage2(io);
  }
  std::unique_ptr<TranslationEngine> make_engine(std::uint64_t root) const override {
    return of_->make_engine(root);
  }
  std::unique_ptr<HostFaultPath> make_host_fault_path(const CostTable& costs) const override {
    return of_->make_host_fault_path(costs);
  }
  std::unique_ptr<TableWatch> watch_stage1(std::uint16_t space, std::uint64_t root,
                                           TableReader read) const override {
    return of_->watch_stage1(space, root, std::move(read));
  }
  std::unique_ptr<TableWatch> watch_stage2(std::uint64_t root, TableReader read) const override {
    return of_->watch_stage2(root, std::move(read));
  }
  bool upper_half_in_same_tables() const override { return of_->upper_half_in_same_tables(); }
  std::uint16_t largest_space() const override { return of_->largest_space(); }
  bool invalidates_by_interrupt() const override { return of_->invalidates_by_interrupt(); }
  std::uint8_t stage1_granule_lg2() const override { return of_->stage1_granule_lg2(); }
  std::uint8_t stage2_granule_lg2() const override { return of_->stage2_granule_lg2(); }

 private:
  std::unique_ptr<Architecture> of_;
  Mistake mistake_;
};

arm64::TranslationSpec without_bbm() {
  arm64::TranslationSpec spec;
  spec.features.bbm = 0;
  return spec;
}

// The first violation of a run over few pages that are unmapped again and again.
std::string first_violation(const RandomRun& run, const Architecture& arch) {
  Rig rig(scarce_machine(run), random_vm(run), arch);
  rig.vm.watch_tables();
  fill(rig, run, arch);
  rig.run(Sync::lazy, run.unmaps);
  const auto violations = rig.vm.table_violations();
  if (run.unmaps.interval_accesses && arch.has_stage1() && rig.seen.shootdowns.size() < 20)
    return "few shootdowns";
  return violations.empty() ? "" : violations.front();
}

RandomRun busy(unsigned vcpus, UnmapInvalidation kind, PolicyKind policy) {
  RandomRun run;
  run.vcpus = vcpus;
  run.unmaps = {5, kind};
  run.guest_policy = policy;
  return run;
}

}  // namespace

TEST_CASE("T102: the ordinary kernel always breaks before it makes") {
  for (const UnmapInvalidation kind : all_kinds)
    for (const PolicyKind policy : {PolicyKind::base, PolicyKind::thp})
      for (const unsigned vcpus : {1u, 4u}) {
        CAPTURE(static_cast<int>(kind));
        CAPTURE(vcpus);
        for (const bool stage2 : {true, false}) {
          CHECK(in_child([&] {
                  arm64::TranslationSpec spec = without_bbm();
                  if (!stage2) spec.stage2.reset();
                  return first_violation(busy(vcpus, kind, policy), *make_arm64(spec));
                }) == "");
        }
      }
}

TEST_CASE("T101: a kernel that does not invalidate is found out") {
  for (const PolicyKind policy : {PolicyKind::base, PolicyKind::thp}) {
    const std::string found = in_child([&] {
      const Careless arch(make_arm64(without_bbm()), Careless::Mistake::nothing_invalidated);
      return first_violation(busy(1, UnmapInvalidation::address, policy), arch);
    });
    CAPTURE(found);
    CHECK(found.starts_with("break-before-make: stage 1 of address space"));
    CHECK(found.find("while TLBs may still hold") != std::string::npos);
  }
}

TEST_CASE("T101: and so is one that invalidates another page than it has unmapped") {
  const Careless arch(make_arm64(without_bbm()), Careless::Mistake::wrong_page);
  CHECK(in_child([&] {
          return first_violation(busy(2, UnmapInvalidation::address, PolicyKind::base), arch);
        }).starts_with("break-before-make"));
}

TEST_CASE("x86 demands no order: nothing is watched") {
  const Careless arch(make_x86(PagingKind::four_level, Paging::ept),
                      Careless::Mistake::nothing_invalidated);
  CHECK(in_child([&] {
          return first_violation(busy(1, UnmapInvalidation::address, PolicyKind::base), arch);
        }) == "");
}
