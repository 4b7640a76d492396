// An architecture of odd tables with the plainest possible engine: what the machine itself does can
// be tried without a real one.
#pragma once
#include <algorithm>
#include <map>

#include "common/hyp/architecture.h"
#include "unit/guest/guest_rig.h"
#include "unit/mmu/two_stage_rig.h"

namespace nestwalk::test {

class OddEngine final : public TranslationEngine {
 public:
  OddEngine(bool stage1, bool stage2, std::uint64_t stage2_root)
      : stage1_(stage1), stage2_(stage2), host_(host_shape(), stage2_root) {}

  Tag tag() const override { return {space_, 1, 0, 0}; }
  bool serves(std::uint64_t attributes, const Access& access) const override {
    return !access.writes() || attributes;
  }
  void set_space_root(std::uint16_t space, std::uint64_t root) override { roots_[space] = root; }
  void enter_space(std::uint16_t space) override { space_ = space; }
  WalkShape shape() const override {
    return {static_cast<std::uint8_t>(stage1_ ? 3 : 0), static_cast<std::uint8_t>(stage2_ ? 3 : 0)};
  }
  std::string level_name(unsigned stage, int height) const override {
    return fmt::format("odd {}.{}", stage, height);
  }
  std::string describe(const Fault& fault, Va, const Access&) const override {
    return fmt::format("odd fault in stage {}", fault.stage);
  }

  WalkReply walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) override {
    Stage2<OddStage2> stage2(host_, {0, 1, 0, 0}, caches, port);
    WalkReply reply;
    Ipa ipa{va.value};
    std::uint8_t size_lg2 = 64;
    bool dirty = true;
    if (stage1_) {
      const OddStage1 format(host_shape(), roots_.at(space_));
      TranslatedTables<OddStage2> nested(stage2, port, format.table_lg2(),
                                         caches.stage1_holds_physical);
      IdentityTables identity(port);
      const auto walked = stage2_ ? walk_guest(format, va, access, caches, port, nested)
                                  : walk_guest(format, va, access, caches, port, identity);
      reply.fault = walked.fault;
      if (walked.fault && walked.fault.stage == 0) reply.fault.stage = 1;
      if (walked.fault) return reply;
      ipa = walked.out;
      size_lg2 = walked.size_lg2;
      dirty = bit(walked.word, odd::dirty);
    }
    Stage2Leaf leaf;
    leaf.pa = Pa{ipa.value};
    if (stage2_ && !stage2.translate(ipa, access, RefPosition::none, leaf, reply.fault))
      return reply;
    reply.pa = leaf.pa;
    reply.entry.size_lg2 = std::min(size_lg2, leaf.size_lg2);
    reply.entry.page = va.aligned(reply.entry.size_lg2);
    reply.entry.frame = leaf.pa.aligned(reply.entry.size_lg2);
    reply.entry.tag = tag();
    reply.entry.attributes = dirty;
    return reply;
  }

 private:
  template <class Tables>
  Walked<OddStage1> walk_guest(const OddStage1& format, Va va, const Access& access,
                               WalkCaches& caches, WalkPort& port, Tables& tables) {
    StageCache<OddStage1, Tables> cache(format, caches.stage1, tag(), port,
                                        WalkPort::Lookup::stage1_walk_cache, tables);
    return nestwalk::walk(format, va, access, tables, cache);
  }

  bool stage1_, stage2_;
  OddStage2 host_;
  std::map<std::uint16_t, std::uint64_t> roots_;
  std::uint16_t space_ = 0;
};

class OddArchitecture final : public Architecture {
 public:
  OddArchitecture(bool stage1, bool stage2) : stage1_(stage1), stage2_(stage2) {}
  bool has_stage1() const override { return stage1_; }
  bool has_stage2() const override { return stage2_; }
  std::unique_ptr<PageTables> make_stage1(TableIo& io) const override {
    return std::make_unique<EditedTables<OddStage1>>(OddStage1(host_shape()), io);
  }
  std::unique_ptr<PageTables> make_stage2(TableIo& io) const override {
    return std::make_unique<EditedTables<OddStage2>>(OddStage2(host_shape()), io);
  }
  std::unique_ptr<TranslationEngine> make_engine(std::uint64_t stage2_root) const override {
    return std::make_unique<OddEngine>(stage1_, stage2_, stage2_root);
  }
  std::unique_ptr<HostFaultPath> make_host_fault_path(const CostTable&) const override {
    return std::make_unique<PlainHostPath>();
  }
  FlushSequence after_unmap(UnmapInvalidation, Tag, const UnmappedBlock&) const override {
    return {};
  }
  bool upper_half_in_same_tables() const override { return false; }
  std::uint16_t largest_space() const override { return 0xffff; }
  bool invalidates_by_interrupt() const override { return false; }
  std::uint8_t stage1_granule_lg2() const override { return 12; }
  std::uint8_t stage2_granule_lg2() const override { return 12; }

 private:
  bool stage1_, stage2_;
};

}  // namespace nestwalk::test
