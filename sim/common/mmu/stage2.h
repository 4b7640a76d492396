// The second stage: intermediate to physical address, through the stage-2 TLB, the stage-2 walk
// cache and a walk of the stage-2 tables, which lie in physical memory.
//
// A stage-2 format adds to TableFormat:
//   table_access(bool update) const -> Access   what reading (or updating) a stage-1 entry amounts
//   to root_height() const                         height of its root table span_lg2(h),
//   table_lg2()                    as for every format (stage_cache.h) leaf_lg2(h) lg2 bytes that
//   one leaf maps (edited_tables.h)
#pragma once
#include <cstdint>
#include <optional>

#include "common/mmu/stage_cache.h"
#include "common/mmu/walk_port.h"
#include "common/paging/walk.h"
#include "common/tlb/walk_caches.h"

namespace nestwalk {

// Tables that lie in physical memory: the Memory of a stage-2 walk. `under` is the height of the
// stage-1 table whose address is being translated, or RefPosition::none for the final address.
class PhysicalTables {
 public:
  PhysicalTables(WalkPort& port, std::int8_t under) : port_(port), under_(under) {}

  bool read(Pa at, unsigned bytes, int height, std::uint64_t& word, Fault& fault) {
    if (port_.read(at, bytes, position(height), word)) return true;
    return bus_error(height, fault);
  }
  bool update(Pa at, unsigned bytes, int height, std::uint64_t& word, std::uint64_t wanted,
              Fault& fault) {
    if (port_.update(at, bytes, position(height), word, wanted)) return true;
    return bus_error(height, fault);
  }
  void begin_below(int root, int height, std::optional<std::uint64_t>) {
    if (!port_.wants_spared()) return;
    for (int h = root; h > height; --h) port_.spared(position(h), RefServed::walk_cache);
  }
  std::optional<std::uint64_t> resolved_table(Pa table, unsigned) const { return table.value; }

 private:
  RefPosition position(int height) const { return {under_, static_cast<std::int8_t>(height)}; }
  static bool bus_error(int height, Fault& fault) {
    fault.cause = FaultCause::bus_error;
    fault.height = static_cast<std::int8_t>(height);
    return false;
  }

  WalkPort& port_;
  std::int8_t under_;
};

// What stage 2 answered, besides the address.
struct Stage2Leaf {
  Pa pa{};
  std::uint8_t size_lg2 = 64;  // 64: no stage 2
  std::int8_t height = 0;
  bool uncached = false;  // no TLB may keep it
  std::uint64_t word = 0, path = 0;
};

template <class F2>
class Stage2 {
 public:
  Stage2(const F2& format, Tag tag, WalkCaches& caches, WalkPort& port)
      : format_(format), tag_(tag), caches_(caches), port_(port) {}

  // Translates `ipa` for an access. `under`: whose table (RefPosition). False: `fault` says why.
  bool translate(Ipa ipa, const Access& access, std::int8_t under, Stage2Leaf& leaf, Fault& fault) {
    if (caches_.stage2_tlb.exists() && from_stage2_tlb(ipa, access, under, leaf)) return true;
    PhysicalTables tables(port_, under);
    StageCache<F2, PhysicalTables> cache(format_, caches_.stage2, tag_, port_,
                                         WalkPort::Lookup::stage2_walk_cache, tables);
    const Walked<F2> walked = nestwalk::walk(format_, ipa, access, tables, cache);
    if (walked.fault) {
      fault = walked.fault;
      fault.stage = 2;
      fault.on_table_walk = under != RefPosition::none;
      fault.wanted_write = access.writes();
      fault.ipa = ipa;
      return false;
    }
    leaf = {walked.out,      walked.size_lg2, walked.height,
            walked.uncached, walked.word,     path_bits(walked.path)};
    if (port_.may_fill() && !walked.uncached)
      caches_.stage2_tlb.fill(
          {ipa.aligned(leaf.size_lg2), leaf.pa.aligned(leaf.size_lg2), leaf.size_lg2,
           static_cast<std::uint8_t>(format_.leaf_lg2(leaf.height)), leaf.height, leaf.word,
           leaf.path},
          tag_);
    return true;
  }
  // Whether a translation found before also allows this access, without any flag to set.
  bool serves(const Stage2Leaf& leaf, const Access& access) const {
    const auto path = path_from<typename F2::Path>(leaf.path);
    return format_.permit(path, leaf.word, leaf.height, access).cause == FaultCause::none &&
           format_.mark_leaf(leaf.word, access) == leaf.word;
  }
  Access table_access(bool update) const { return format_.table_access(update); }
  int root_height() const { return format_.root_height(); }

 private:
  // A cached translation serves if its leaf allows the access and needs no flag set.
  bool from_stage2_tlb(Ipa ipa, const Access& access, std::int8_t under, Stage2Leaf& leaf) {
    port_.lookup(WalkPort::Lookup::stage2_tlb);
    const Stage2Entry* entry = caches_.stage2_tlb.lookup(ipa, tag_);
    if (!entry) return false;
    leaf = {entry->frame + ipa.offset(entry->size_lg2),
            entry->size_lg2,
            entry->height,
            false,
            entry->word,
            entry->path};
    if (!serves(leaf, access)) {
      caches_.stage2_tlb.drop(ipa, tag_);
      return false;
    }
    if (port_.wants_spared())
      for (int h = format_.root_height(); h >= entry->height; --h)
        port_.spared({under, static_cast<std::int8_t>(h)}, RefServed::stage2_tlb);
    return true;
  }

  const F2& format_;
  Tag tag_;
  WalkCaches& caches_;
  WalkPort& port_;
};

}  // namespace nestwalk
