#include "arm64/bbm.h"

#include <algorithm>

namespace nestwalk::arm64 {
namespace {

bool is_table(std::uint64_t d, int height) { return height > 0 && bit(d, descriptor::table); }

bool writable(const BbmTables& tables, std::uint64_t d) {
  if (tables.dirty_managed && bit(d, descriptor::dirty_modifier)) return true;
  return tables.stage == 1 ? !bit(d, 7) : bit(d, 7);  // AP[2]; S2AP[1]
}

}  // namespace

std::string_view name(BbmRule rule) {
  constexpr std::string_view names[] = {"none",           "memory type", "shareability",
                                        "output address", "block size",  "global overlap"};
  return names[static_cast<unsigned>(rule)];
}

BbmTables BbmTables::of(const Stage1Format& format, Tag tag, const Features& features) {
  const auto& c = format.controls();
  return {1, format.geometry(), c.ha && c.hd, tag, features.bbm};
}
BbmTables BbmTables::of(const Stage2Format& format, Tag tag, const Features& features) {
  const auto& c = format.controls();
  return {2, format.geometry(), c.ha && c.hd, tag, features.bbm};
}

BbmRule judge_change(const BbmTables& tables, int height, std::uint64_t before, std::uint64_t after,
                     const SameContents& same) {
  const TableGeometry& geometry = tables.geometry;
  const std::uint64_t old = geometry.load(before), now = geometry.load(after);
  if (!bit(old, descriptor::valid) || !bit(now, descriptor::valid)) return BbmRule::none;
  const bool sizes_free = tables.bbm_level >= 1;
  const auto moved = [&](unsigned lg2) {
    return geometry.address_of(old, lg2) != geometry.address_of(now, lg2);
  };
  const auto differs = [&](unsigned lg2) {
    return !same(geometry.address_of(old, lg2), geometry.address_of(now, lg2), lg2);
  };
  if (is_table(old, height) || is_table(now, height)) {
    if (is_table(old, height) != is_table(now, height))
      return sizes_free ? BbmRule::none : BbmRule::block_size;
    // Another table changes whatever the two do not agree on; rights on the way are free.
    const unsigned table_lg2 = geometry.granule.lg2;
    return moved(table_lg2) && differs(table_lg2) ? BbmRule::output_address : BbmRule::none;
  }
  if (bit(old ^ now, descriptor::contiguous) && !sizes_free) return BbmRule::block_size;
  const std::uint64_t attributes = tables.stage == 1 ? field_mask(4, 2) : field_mask(5, 2);
  if ((old ^ now) & attributes) return BbmRule::memory_type;
  if (!geometry.ds && ((old ^ now) & field_mask(9, 8))) return BbmRule::shareability;
  const unsigned lg2 = geometry.granule.leaf_lg2(height);
  if (moved(lg2) && (writable(tables, old) || writable(tables, now) || differs(lg2)))
    return BbmRule::output_address;
  const bool becomes_global = bit(old, descriptor::not_global) && !bit(now, descriptor::not_global);
  return tables.stage == 1 && becomes_global ? BbmRule::global_overlap : BbmRule::none;
}

std::optional<BbmWatch::Violation> BbmWatch::wrote(std::uint64_t entry_at, std::uint64_t in,
                                                   int height, std::uint64_t before,
                                                   std::uint64_t after) {
  std::vector<Stale>& stale = stale_[entry_at];
  if (before != after && bit(tables_.geometry.load(before), descriptor::valid))
    stale.push_back({before, in, height, false, false});
  std::optional<Violation> found;
  for (const Stale& held : stale) {
    const BbmRule rule = judge_change(tables_, height, held.word, after, same_);
    if (rule == BbmRule::none) continue;
    if (held.going)
      ++overtaking_;
    else if (!found)
      found = Violation{rule, entry_at, held.word, after};
  }
  if (stale.empty()) stale_.erase(entry_at);
  return found;
}

// Stage 1: the combined entries have to go, and for a table descriptor the walk-cache entries below
// it. Stage 2: first the second-stage entries, then all combined entries made from them (D8.17,
// R_DDMVT).
bool BbmWatch::gone(Stale& stale, const Invalidation& what) const {
  using Walks = Invalidation::Walks;
  const std::uint64_t d = tables_.geometry.load(stale.word);
  const bool table = is_table(d, stale.height);
  const unsigned lg2 = tables_.geometry.granule.leaf_lg2(stale.height);
  const std::uint64_t base = align_down(stale.in, lg2);
  if (!table && what.size_lg2 && *what.size_lg2 != lg2) return false;
  const auto covers = [&](const std::optional<AddressRange>& range) {
    if (!range) return true;
    // A leaf goes with any of its addresses; what is below a table only with all of them.
    if (!table) return range->meets(base, lg2);
    return range->first <= base && range->last >= base + low_mask(lg2);
  };
  const bool global = !bit(d, descriptor::not_global);
  if (tables_.stage == 1) {
    if (!what.final_entries || !what.selects(tables_.tag, global && !table)) return false;
    return covers(what.va) && (!table || what.stage1_walks != Walks::none);
  }
  Tag tag = tables_.tag;
  if (what.space) tag.space = *what.space;
  if (!what.selects(tag, false)) return false;
  if (what.second_stage && covers(what.ipa) && (!table || what.stage2_walks != Walks::none))
    stale.second_stage_gone = true;
  return stale.second_stage_gone && what.final_entries && what.globals && !what.va && !what.space;
}

void BbmWatch::issued(const Invalidation& what) {
  for (auto& [at, all] : stale_)
    for (Stale& stale : all) {
      Stale then = stale;
      stale.going |= gone(then, what);
    }
}

void BbmWatch::completed(const Invalidation& what) {
  for (auto at = stale_.begin(); at != stale_.end();) {
    std::erase_if(at->second, [&](Stale& stale) { return gone(stale, what) && stale.going; });
    at = at->second.empty() ? stale_.erase(at) : std::next(at);
  }
}

}  // namespace nestwalk::arm64
