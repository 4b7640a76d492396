// Odd tables over odd tables: a guest's stage 1 in intermediate addresses, a host's stage 2 under
// it, the walks put together as engines do it, and a port that remembers what was read and spared.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "common/mmu/stage1_tables.h"
#include "common/paging/edited_tables.h"
#include "unit/paging/odd_format.h"

namespace nestwalk::test {

using Position = std::pair<int, int>;  // stage-1 height, stage-2 height
using Positions = std::multiset<Position>;

class RecordingPort final : public WalkPort {
 public:
  explicit RecordingPort(PhysicalMemory& memory) : untimed_(memory) {}
  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override {
    if (dead.contains(at.value)) return false;
    reads.insert(plain(position));
    addresses.push_back(at.value);
    return untimed_.read(at, bytes, position, word);
  }
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override {
    if (dead.contains(at.value)) return false;
    updates.insert(plain(position));
    return untimed_.update(at, bytes, position, word, wanted);
  }
  void lookup(Lookup which) override { ++lookups[which]; }
  bool wants_spared() const override { return true; }
  void spared(RefPosition position, RefServed by) override {
    (by == RefServed::stage2_tlb ? spared_by_stage2_tlb : spared_by_cache).insert(plain(position));
  }
  Positions all_spared() const {
    Positions all = spared_by_stage2_tlb;
    all.insert(spared_by_cache.begin(), spared_by_cache.end());
    return all;
  }

  std::set<std::uint64_t> dead;
  Positions reads, updates, spared_by_cache, spared_by_stage2_tlb;
  std::vector<std::uint64_t> addresses;
  std::map<Lookup, int> lookups;

 private:
  static Position plain(RefPosition p) { return {p.stage1_height, p.stage2_height}; }
  UntimedPort untimed_;
};

// Bump allocation in one space, whose words lie `offset` higher in physical memory.
class BumpIo final : public TableIo {
 public:
  BumpIo(PhysicalMemory& memory, std::uint64_t from, std::uint64_t offset)
      : memory_(memory), next_(from), offset_(offset) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return memory_.read(Pa{at + offset_}, bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    memory_.write(Pa{at + offset_}, bytes, word);
  }
  std::uint64_t allocate_table(unsigned size_lg2) override {
    const std::uint64_t at = align_up(next_, size_lg2);
    next_ = at + one(size_lg2);
    return at;
  }
  void free_table(std::uint64_t, unsigned) override {}
  std::uint64_t end() const { return next_; }

 private:
  PhysicalMemory& memory_;
  std::uint64_t next_, offset_;
};

struct TwoStages {
  // Guest memory begins at physical address 2^36 + `skew`, host tables lie below.
  TwoStages(const OddShape& guest_shape, const OddShape& host_shape, std::uint64_t skew = 0)
      : backing(one(36) + skew),
        guest_shape_(guest_shape),
        host_shape_(host_shape),
        guest_io(memory, 0x10'0000, backing),
        host_io(memory, 0x10'0000, 0),
        guest(OddStage1(guest_shape), guest_io),
        host(OddStage2(host_shape), host_io) {}

  // Backs the intermediate addresses up to the guest's last table with pages of this size; dirty
  // already, so that the walker's updates need no second walk of stage 2.
  void back_tables(unsigned lg2, const MapRights& rights = {.dirty = true}) {
    for (std::uint64_t at = align_down(0x10'0000, lg2); at < guest_io.end(); at += one(lg2))
      back(at, lg2, rights);
  }
  void back(std::uint64_t ipa, unsigned lg2, const MapRights& rights = {.dirty = true}) {
    host.map(ipa, ipa + backing, lg2, rights, host_io);
  }

  struct Answer {
    Fault fault{};
    Pa pa{};
    RecordingPort port;
  };
  Answer walk(std::uint64_t va, WalkCaches& caches, const Access& access = {},
              const WalkUnderWay* under_way = nullptr) {
    Answer answer{{}, {}, RecordingPort(memory)};
    answer.port.reads_for(under_way);
    walk_on(answer, va, caches, access);
    return answer;
  }
  void walk_on(Answer& answer, std::uint64_t va, WalkCaches& caches, const Access& access) {
    const OddStage1 format1(guest_shape_, guest.root());
    const OddStage2 format2(host_shape_, host.root());
    Stage2<OddStage2> stage2(format2, tag, caches, answer.port);
    TranslatedTables<OddStage2> tables(stage2, answer.port, format1.table_lg2(),
                                       caches.stage1_holds_physical);
    StageCache<OddStage1, TranslatedTables<OddStage2>> cache(
        format1, caches.stage1, tag, answer.port, WalkPort::Lookup::stage1_walk_cache, tables);
    const auto walked = nestwalk::walk(format1, Va{va}, access, tables, cache);
    answer.fault = walked.fault;
    if (walked.fault) return;
    Stage2Leaf leaf;
    if (stage2.translate(walked.out, access, RefPosition::none, leaf, answer.fault))
      answer.pa = leaf.pa;
  }

  std::uint64_t backing;
  OddShape guest_shape_, host_shape_;
  PhysicalMemory memory;
  Tag tag{1, 2, 3, 4};
  BumpIo guest_io, host_io;
  EditedTables<OddStage1> guest;
  EditedTables<OddStage2> host;
};

// Every reference of a walk of `g` tables over `h`, cold: (g+1)(h+1)-1 of them.
inline Positions all_positions(int g, int h) {
  Positions all;
  for (int s1 = -1; s1 < g; ++s1)
    for (int s2 = -1; s2 < h; ++s2)
      if (s1 >= 0 || s2 >= 0) all.insert({s1, s2});
  return all;
}

inline OddShape levels(int count) {
  OddShape shape;
  shape.levels = static_cast<std::uint8_t>(count);
  shape.leaf_heights = 0b1111;
  return shape;
}

inline WalkCachesSpec no_caches() { return {}; }

inline ArraySpec entries(std::uint32_t count) { return {count, 0, Replacement::lru}; }

}  // namespace nestwalk::test
