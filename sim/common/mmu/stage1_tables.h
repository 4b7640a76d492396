// Stage-1 tables lie in intermediate addresses. Reading one of their entries takes the address for
// physical (one stage) or walks stage 2 first (two stages): the two Memories of a stage-1 walk.
// (g+1)(h+1)-1 references follow from this composition and are written nowhere.
#pragma once
#include <cstdint>
#include <optional>

#include "common/mmu/stage2.h"

namespace nestwalk {

// One stage: intermediate addresses are physical.
class IdentityTables {
 public:
  explicit IdentityTables(WalkPort& port) : port_(port) {}

  bool read(Ipa at, unsigned bytes, int height, std::uint64_t& word, Fault& fault) {
    return port_.read(Pa{at.value}, bytes, position(height), word) || bus_error(height, fault);
  }
  bool update(Ipa at, unsigned bytes, int height, std::uint64_t& word, std::uint64_t wanted,
              Fault& fault) {
    return port_.update(Pa{at.value}, bytes, position(height), word, wanted) ||
           bus_error(height, fault);
  }
  void begin_below(int root, int height, std::optional<std::uint64_t>) {
    if (!port_.wants_spared()) return;
    for (int h = root; h > height; --h) port_.spared(position(h), RefServed::walk_cache);
  }
  std::optional<std::uint64_t> resolved_table(Ipa table, unsigned) const { return table.value; }

 private:
  static RefPosition position(int height) {
    return {static_cast<std::int8_t>(height), RefPosition::none};
  }
  static bool bus_error(int height, Fault& fault) {
    fault.cause = FaultCause::bus_error;
    fault.stage = 1;
    fault.height = static_cast<std::int8_t>(height);
    return false;
  }

  WalkPort& port_;
};

// Two stages: every entry's address is translated by stage 2 before it is read.
template <class F2>
class TranslatedTables {
 public:
  // `table_lg2`: lg2 bytes of one stage-1 table. `cache_physical`: whether the stage-1 walk cache
  // also holds physical addresses of tables.
  TranslatedTables(Stage2<F2>& stage2, WalkPort& port, unsigned table_lg2, bool cache_physical)
      : stage2_(stage2), port_(port), table_lg2_(table_lg2), cache_physical_(cache_physical) {}

  bool read(Ipa at, unsigned bytes, int height, std::uint64_t& word, Fault& fault) {
    Pa pa;
    if (begun_ && height == begun_height_) {
      pa = Pa{*begun_} + at.offset(table_lg2_);
      last_known_ = false;
    } else {
      if (!resolve(at, stage2_.table_access(false), height, last_, fault)) return false;
      pa = last_.pa;
      last_known_ = true;
    }
    last_at_ = at;
    return port_.read(pa, bytes, position(height), word) || bus_error(height, fault);
  }

  // The update is a write by the walker, which stage 2 must allow (Arm R_JCXVS; SDM 28.3.3.2). The
  // translation found for the read is used again if it allows the write too.
  bool update(Ipa at, unsigned bytes, int height, std::uint64_t& word, std::uint64_t wanted,
              Fault& fault) {
    const Access access = stage2_.table_access(true);
    if (!(last_known_ && last_at_ == at && stage2_.serves(last_, access))) {
      if (!resolve(at, access, height, last_, fault)) return false;
      last_known_ = true;
      last_at_ = at;
    }
    return port_.update(last_.pa, bytes, position(height), word, wanted) ||
           bus_error(height, fault);
  }

  void begin_below(int root, int height, std::optional<std::uint64_t> resolved) {
    begun_ = resolved;
    begun_height_ = height;
    if (!port_.wants_spared()) return;
    for (int h1 = root; h1 >= height; --h1) {
      if (h1 == height && !resolved) break;
      for (int h2 = stage2_.root_height(); h2 >= 0; --h2)
        port_.spared({static_cast<std::int8_t>(h1), static_cast<std::int8_t>(h2)},
                     RefServed::walk_cache);
      if (h1 > height) port_.spared(position(h1), RefServed::walk_cache);
    }
  }
  // Known only if one stage-2 mapping, which may be kept, covers the whole table.
  std::optional<std::uint64_t> resolved_table(Ipa table, unsigned table_lg2) const {
    if (!cache_physical_ || !last_known_ || last_.uncached || last_.size_lg2 < table_lg2)
      return std::nullopt;
    return last_.pa.value - (last_at_ - table);
  }

 private:
  bool resolve(Ipa at, const Access& access, int height, Stage2Leaf& leaf, Fault& fault) {
    return stage2_.translate(at, access, static_cast<std::int8_t>(height), leaf, fault);
  }
  static RefPosition position(int height) {
    return {static_cast<std::int8_t>(height), RefPosition::none};
  }
  static bool bus_error(int height, Fault& fault) {
    fault.cause = FaultCause::bus_error;
    fault.stage = 1;
    fault.height = static_cast<std::int8_t>(height);
    return false;
  }

  Stage2<F2>& stage2_;
  WalkPort& port_;
  unsigned table_lg2_;
  bool cache_physical_;
  std::optional<std::uint64_t> begun_;  // physical address of the table where the walk begins
  int begun_height_ = 0;
  Stage2Leaf last_{};  // stage 2's answer for last_at_, if known
  bool last_known_ = false;
  Ipa last_at_{};
};

}  // namespace nestwalk
