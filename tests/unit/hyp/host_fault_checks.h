// What every host fault path must do, whatever its steps are called: a test of one architecture's
// path calls these. The path's costs are numbered_costs() in the order in which the steps come.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/user_error.h"
#include "unit/hyp/host_rig.h"
#include "unit/hyp/step_graph.h"

namespace nestwalk::test {

template <class Fault, class Costs>
class HostFaultChecks {
 public:
  using Step = typename Fault::Step;

  // `names`: the cost names in the order of a plain fault, "allocate_table" (twice) after
  // "map_entry".
  explicit HostFaultChecks(std::vector<std::string> names)
      : names_(std::move(names)), table_(numbered_costs(names_)), costs_(table_) {}

  const CostTable& table() const { return table_; }

  void plain_fault() {
    HostRig rig;
    run(rig, 0x5123);
    std::vector<Cycles> expected;
    for (const std::string& name : names_) {
      expected.push_back(table_.of(name));
      if (name == "allocate_table") expected.push_back(table_.of(name));  // of heights 1 and 0
    }
    CHECK(rig.software.costs == expected);
    CHECK(rig.software.locks == std::vector{LockId::host_mmu});
    CHECK(rig.software.stored_locked);
    CHECK(rig.software.stores.size() == 3);
    CHECK(rig.vm.mapping(Ipa{0x5fff}));
    CHECK_FALSE(rig.vm.mapping(Ipa{0x6000}));
    CHECK(rig.vm.counts.mapped_bytes == 4 * KiB);
    CHECK(rig.vm.table_bytes == 3 * 4 * KiB);
    CHECK(rig.lost_bytes() == 0);
    CHECK(rig.software.balanced());
  }

  void large_page() {
    HostRig rig({PolicyKind::thp});
    CHECK(run(rig, 2 * MiB + 0x5123).end().page_lg2 == 21);
    CHECK(rig.software.costs.size() == names_.size());  // one table
    CHECK(rig.software.spent == sum(512));
    CHECK(rig.vm.counts.pages_by_lg2[21] == 1);
    CHECK(rig.lost_bytes() == 0);
  }

  // During any step another vCPU handles the same fault from beginning to end: it is mapped once.
  void overtaken_at_each_step() {
    for (const PolicyKind kind : {PolicyKind::base, PolicyKind::thp})
      for (std::size_t moment = 0; moment < names_.size(); ++moment) {
        CAPTURE(names_[moment]);
        if (moment >= index_of("lock_mmu") && moment <= index_of("unlock_mmu"))
          continue;  // the lock is held: no other can
        HostRig rig({kind});
        const Cycles cost = table_.of(names_[moment]);
        bool due = true;
        rig.software.during_spend = [&](Cycles cycles) {
          if (cycles != cost && cycles != cost * 512) return;  // 512: each 4K of a large page
          if (std::exchange(due, false)) rig.map_elsewhere(0x5000);
        };
        const auto fault_lg2 = run(rig, 0x5123).end().page_lg2;
        CHECK_FALSE(due);
        CHECK(fault_lg2 == (kind == PolicyKind::thp ? 21 : 12));
        CHECK(rig.vm.mapping(Ipa{0x5123}));
        CHECK(rig.vm.counts.mapped_bytes == one(fault_lg2));
        CHECK(rig.lost_bytes() == 0);
        CHECK(rig.software.balanced());
      }
  }

  // Another vCPU has the page but has not entered it: this one does not zero it, and may be first.
  void shares_a_page_on_its_way() {
    HostRig rig({PolicyKind::thp});
    const PlacedPage other = host_page_for(Ipa{0}, rig.vm);
    run(rig, 0x5123);
    CHECK(rig.software.spent == sum(512) - 512 * table_.of("zero_4k"));
    CHECK(rig.vm.mapping(Ipa{0x5123})->out == other.page.frame);
    const std::size_t stores = rig.software.stores.size();
    map_host_page(other, rig.vm, rig.software, 0);
    CHECK(rig.software.stores.size() == stores);
    CHECK(rig.lost_bytes() == 0);
  }

  void out_of_memory() {
    HostRig pages({}, 4 * KiB);  // the root takes it
    CHECK_THROWS_AS(run(pages, 0), UserErrors);
    HostRig tables({}, 12 * KiB);
    CHECK_THROWS_AS(run(tables, 0), UserErrors);
  }

  // Every step reached, every run ends.
  StepGraph<Fault> graph() {
    StepGraph<Fault> graph;
    HostRig fresh, mapped, shared;
    mapped.map_elsewhere(0x5000);
    host_page_for(Ipa{0x5000}, shared.vm);
    for (HostRig* rig : {&fresh, &mapped, &shared}) {
      Fault fault(costs_, Ipa{0x5123}, rig->vm, rig->software);
      CHECK(graph.run(fault));
      CHECK(rig->software.balanced());
    }
    CHECK(graph.every_step_reached());
    return graph;
  }

 private:
  Fault run(HostRig& rig, std::uint64_t ipa) {
    Fault fault(costs_, Ipa{ipa}, rig.vm, rig.software);
    StepGraph<Fault> graph;
    const bool ended = graph.run(fault);
    CHECK(ended);
    return fault;
  }
  std::size_t index_of(const char* name) const {
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  }
  // One table made; what is priced by 4K is done to so many of them.
  Cycles sum(Cycles pages) const {
    Cycles sum = 0;
    for (const std::string& name : names_)
      sum += table_.of(name) * (name.ends_with("_4k") ? pages : 1);
    return sum;
  }

  std::vector<std::string> names_;
  CostTable table_;
  Costs costs_;
};

}  // namespace nestwalk::test
