// Extended page tables (SDM vol. 3, 30.3): the second stage under VMX. Malformed entries are EPT
// misconfigurations; missing entries and rights are EPT violations. Left out: sub-page permissions,
// guest-paging verification, #VE.
#pragma once
#include <array>
#include <cstdint>

#include "common/base/bits.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"
#include "x86/cpu.h"
#include "x86/eptp.h"

namespace nestwalk::x86 {

inline constexpr unsigned ept_ps = 7, ept_a = 8, ept_d = 9;
inline constexpr std::uint64_t ept_leaf_write_back = 6u << 3;
// An EPT path's rights, and Fault::detail of a stage-2 permission fault: R, W, X, XU as in exit
// qualification bits 6:3.
using EptRights = std::uint8_t;
inline constexpr EptRights ept_read = 1, ept_write = 2, ept_execute = 4, ept_user_execute = 8,
                           ept_all_rights = 15;

class EptFormat {
 public:
  using In = Ipa;
  using Out = Pa;
  struct Path {
    EptRights rights = ept_all_rights;
  };

  EptFormat() = default;
  EptFormat(const Eptp& eptp, bool mode_based_execute, const Cpu& cpu);

  Root<Pa, Path> root(Ipa in, const Access&) const {
    Root<Pa, Path> root;
    root.at = {Pa{table_}, static_cast<std::int8_t>(root_height()), {}};
    if (in.value >> wide_bits_) root.refused = FaultCause::not_present;
    return root;
  }
  Pa entry_address(Pa table, Ipa in, int h) const {
    return table + (in.value >> (12 + 9 * h) & 511) * 8;
  }
  unsigned entry_bytes() const { return 8; }

  Entry<Pa> decode(std::uint64_t word, int h) const {
    if (!(word & present_)) return {};
    const auto height = static_cast<unsigned>(h);
    if (unreadable_but_used(word)) return {EntryKind::malformed};
    const bool leaf = h == 0 || (bit(word, ept_ps) && h <= 2);
    if (!leaf) {
      if (word & reserved_table_[height]) return {EntryKind::malformed};
      return {EntryKind::table, Pa{word & address_}};
    }
    if (word & reserved_leaf_[height] || bad_memory_type(word)) return {EntryKind::malformed};
    const unsigned lg2 = leaf_lg2(h);
    return {EntryKind::leaf, Pa{align_down(word & address_, lg2)}, static_cast<std::uint8_t>(lg2)};
  }
  EptRights rights_of(std::uint64_t word) const {
    return static_cast<EptRights>((word & 7) | (word >> 10 & 1) * ept_user_execute);
  }
  Path descend(Path path, std::uint64_t word) const {
    return {static_cast<EptRights>(path.rights & rights_of(word))};
  }
  std::uint64_t mark_table(std::uint64_t word) const { return word | accessed_; }
  Permit permit(Path path, std::uint64_t word, int, const Access& access) const {
    const EptRights rights = path.rights & rights_of(word);
    const EptRights needed = wanted_rights(access);
    if ((rights & needed) == needed) return {};
    return {FaultCause::permission, mode_based_execute_ ? rights : rights & 7u};
  }
  std::uint64_t mark_leaf(std::uint64_t word, const Access& access) const {
    return word | accessed_ | (access.writes() ? dirty_ : 0);
  }

  unsigned span_lg2(int h) const { return 21 + 9 * static_cast<unsigned>(h); }
  unsigned table_lg2() const { return 12; }

  // Reading a guest's entry is a read, and a write too if EPT keeps dirty flags (SDM 30.3.3.2);
  // updating it always is both.
  Access table_access(bool update) const {
    const bool writes = update || accessed_;
    return {.type = writes ? AccessType::write : AccessType::read,
            .user = false,
            .read_modify_write = writes,
            .table_walk = true};
  }
  int root_height() const { return levels_ - 1; }

  unsigned root_lg2() const { return 12; }
  unsigned leaf_lg2(int h) const { return 12 + 9 * static_cast<unsigned>(h); }
  bool leaf_allowed(int h) const { return h <= 2; }
  unsigned input_bits() const { return levels_ == 5 ? 57 : 48; }
  std::uint64_t make_table(Pa next) const { return next.value | 7 | one(10) | accessed_; }
  std::uint64_t make_leaf(Pa out, int h, const MapRights& rights) const;

  bool mode_based_execute() const { return mode_based_execute_; }

 private:
  EptRights wanted_rights(const Access& access) const {
    switch (access.type) {
      case AccessType::read:
        return ept_read;
      case AccessType::write:
        return access.read_modify_write ? ept_read | ept_write : ept_write;
      case AccessType::fetch:
        break;
    }
    return mode_based_execute_ && access.user_mapping ? ept_user_execute : ept_execute;
  }
  // Write without read; execute without read unless the processor can do that (SDM 30.3.3.1).
  bool unreadable_but_used(std::uint64_t word) const {
    return !(word & ept_read) && (word & unreadable_forbids_);
  }
  static bool bad_memory_type(std::uint64_t word) {
    constexpr unsigned bad_types = 1u << 2 | 1u << 3 | 1u << 7;
    return bad_types >> bits(word, 5, 3) & 1;
  }

  std::array<std::uint64_t, 5> reserved_table_{}, reserved_leaf_{};
  std::uint64_t table_ = 0, address_ = 0;
  std::uint64_t present_ = 7;             // any of these bits: present
  std::uint64_t unreadable_forbids_ = 0;  // without R, none of these
  std::uint64_t accessed_ = 0, dirty_ = 0;
  std::uint8_t levels_ = 4, wide_bits_ = 63;
  bool mode_based_execute_ = false;
};

}  // namespace nestwalk::x86
