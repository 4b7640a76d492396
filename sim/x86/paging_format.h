// The ordinary table formats of x86: 32-bit, PAE, 4-level and 5-level (SDM vol. 3, chapter 5; APM
// vol. 2, chapter 5). One format type for all: their geometry is a row, their encodings share bits
// and differ in masks that are worked out when registers change. Serves as stage 1, and as stage 2
// of AMD's nested paging. Left out: HLAT, shadow stacks, memory encryption bits.
#pragma once
#include <array>
#include <cstdint>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"
#include "x86/access_rules.h"
#include "x86/cpu.h"
#include "x86/paging_geometry.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

inline constexpr unsigned pte_p = 0, pte_rw = 1, pte_us = 2, pte_a = 5, pte_d = 6, pte_ps = 7,
                          pte_g = 8, pte_xd = 63;
// Fault::detail of a stage-1 permission fault: a protection key denied the access.
inline constexpr std::uint32_t detail_protection_key = 1u << 16;

// Masks of an entry for each height, from the registers (SDM 5.3 to 5.5, tables of entry formats).
struct PagingMasks {
  std::array<std::uint64_t, max_heights> reserved_table{}, reserved_leaf{};
  std::array<std::uint64_t, max_heights> table_address{}, leaf_address{};
  std::array<bool, max_heights> large{};  // may PS make a leaf here?
};
PagingMasks paging_masks(PagingKind kind, const Registers& registers, const Cpu& cpu);
const PagingGeometry& paging_geometry(PagingKind kind, bool pdptes_in_memory);
// Bits that must be 0 in a present PDPTE of PAE paging.
std::uint64_t pae_pdpte_reserved(const Cpu& cpu);

template <class InAddress, class OutAddress>
class PagingFormat {
 public:
  using In = InAddress;
  using Out = OutAddress;
  // Rights gathered so far. The entries of a PAE page-directory-pointer table carry none.
  struct Path {
    Rights rights = all_rights;
    bool in_pdpt = false;
  };

  PagingFormat() = default;
  // `table` is CR3 or N_CR3.
  PagingFormat(PagingKind kind, bool pdptes_in_memory, std::uint64_t table,
               const Registers& registers, const Cpu& cpu, const AccessRules& rules)
      : geometry_(paging_geometry(kind, pdptes_in_memory)),
        masks_(paging_masks(kind, registers, cpu)),
        rules_(rules),
        pdptes_(registers.pdptes),
        table_(table & field_mask((geometry_.canonical ? cpu.maxphyaddr : 32u) - 1u,
                                  geometry_.root_low_bit)),
        kind_(kind),
        pdptes_in_memory_(pdptes_in_memory),
        wide_faults_(cpu.npt_wide_address_faults),
        four_mib_high_bits_(kind == PagingKind::two_level) {}

  Root<Out, Path> root(In in, const Access&) const {
    Root<Out, Path> root;
    root.at = {Out{table_},
               static_cast<std::int8_t>(root_height()),
               {all_rights, kind_ == PagingKind::pae && pdptes_in_memory_}};
    if (!reaches(in)) {
      root.refused =
          geometry_.canonical && stage1 ? FaultCause::non_canonical : FaultCause::not_present;
    } else if (kind_ == PagingKind::pae && !pdptes_in_memory_) {
      const std::uint64_t pdpte = pdptes_[bits(in.value, 31, 30)];
      if (!bit(pdpte, pte_p)) root.refused = FaultCause::not_present;
      root.at.table = Out{pdpte & masks_.table_address[2]};
    }
    return root;
  }
  Out entry_address(Out table, In in, int h) const {
    const auto height = static_cast<unsigned>(h);
    const std::uint64_t index =
        in.value >> geometry_.shift[height] & low_mask(geometry_.index_bits[height]);
    return table + index * geometry_.entry_bytes;
  }
  unsigned entry_bytes() const { return geometry_.entry_bytes; }

  Entry<Out> decode(std::uint64_t word, int h) const {
    if (!bit(word, pte_p)) return {};
    const auto height = static_cast<unsigned>(h);
    if (h == 0 || (bit(word, pte_ps) && masks_.large[height])) {
      if (word & masks_.reserved_leaf[height]) return {EntryKind::malformed};
      std::uint64_t out = word & masks_.leaf_address[height];
      if (h > 0 && four_mib_high_bits_) out |= bits(word, 20, 13) << 32;
      return {EntryKind::leaf, Out{out}, geometry_.shift[height]};
    }
    if (word & masks_.reserved_table[height]) return {EntryKind::malformed};
    return {EntryKind::table, Out{word & masks_.table_address[height]}};
  }
  static Rights rights_of(std::uint64_t word) {
    return static_cast<Rights>((word >> pte_us & 1) * right_user |
                               (word >> pte_rw & 1) * right_write |
                               (~word >> pte_xd & 1) * right_execute);
  }
  Path descend(Path path, std::uint64_t word) const {
    if (path.in_pdpt) return {path.rights, false};
    return {static_cast<Rights>(path.rights & rights_of(word)), false};
  }
  std::uint64_t mark_table(std::uint64_t word, int h) const {
    return kind_ == PagingKind::pae && h == 2 ? word : word | one(pte_a);
  }
  Permit permit(Path path, std::uint64_t word, int, const Access& access) const {
    const Rights rights = path.rights & rights_of(word);
    const bool key_denies = rules_.key_denies(rights, key_of(word), access);
    if (rules_.allow(rights, access) && !key_denies) return {};
    return {FaultCause::permission, key_denies ? detail_protection_key : 0};
  }
  std::uint64_t mark_leaf(std::uint64_t word, const Access& access) const {
    return word | one(pte_a) | (wanted(access) == AccessType::write ? one(pte_d) : 0);
  }
  static unsigned key_of(std::uint64_t word) { return static_cast<unsigned>(bits(word, 62, 59)); }

  // Caching (mmu/stage_cache.h).
  unsigned span_lg2(int h) const {
    return geometry_.shift[static_cast<unsigned>(h)] +
           geometry_.index_bits[static_cast<unsigned>(h)];
  }
  unsigned table_lg2() const { return 12; }

  // As a second stage (mmu/stage2.h): reading a guest's entry counts as writing it (APM 15.25.5).
  Access table_access(bool /*update*/) const {
    return {.type = AccessType::write, .user = true, .table_walk = true};
  }
  int root_height() const { return geometry_.tables - 1; }

  // Editing (paging/edited_tables.h).
  unsigned root_lg2() const { return geometry_.root_lg2; }
  unsigned leaf_lg2(int h) const { return geometry_.shift[static_cast<unsigned>(h)]; }
  bool leaf_allowed(int h) const { return h == 0 || masks_.large[static_cast<unsigned>(h)]; }
  // Of linear addresses in the upper, canonical half these are the low bits.
  unsigned input_bits() const { return geometry_.input_bits; }
  std::uint64_t make_table(Out next, int h) const {
    if (kind_ == PagingKind::pae && h == 2) return next.value | one(pte_p);
    return next.value | one(pte_p) | one(pte_rw) | one(pte_us) | one(pte_a);
  }
  std::uint64_t make_leaf(Out out, int h, const MapRights& rights) const {
    NW_CHECK(rights.read, "ordinary x86 tables cannot map a page that is not readable");
    std::uint64_t word = (out.value & masks_.leaf_address[static_cast<unsigned>(h)]) | one(pte_p);
    if (h > 0 && four_mib_high_bits_) word |= bits(out.value, 39, 32) << 13;
    if (rights.write) word |= one(pte_rw);
    if (rights.user) word |= one(pte_us);
    if (rights.accessed) word |= one(pte_a);
    if (rights.dirty) word |= one(pte_d);
    if (rights.global) word |= one(pte_g);
    if (h > 0) word |= one(pte_ps);
    const bool has_xd = (masks_.reserved_leaf[0] & one(pte_xd)) == 0 && entry_bytes() == 8;
    if (!rights.execute && has_xd) word |= one(pte_xd);
    return word;
  }

  PagingKind kind() const { return kind_; }
  const PagingGeometry& geometry() const { return geometry_; }
  const AccessRules& rules() const { return rules_; }

 private:
  static constexpr bool stage1 = std::is_same_v<In, Va>;
  bool reaches(In in) const {
    if (!geometry_.canonical) return stage1 || in.value < one(32);
    if constexpr (stage1) return sign_extend(in.value, geometry_.input_bits) == in.value;
    return !wide_faults_ || in.value < one(geometry_.input_bits);
  }

  PagingGeometry geometry_{};
  PagingMasks masks_{};
  AccessRules rules_{};
  std::array<std::uint64_t, 4> pdptes_{};
  std::uint64_t table_ = 0;
  PagingKind kind_ = PagingKind::off;
  bool pdptes_in_memory_ = false;
  bool wide_faults_ = true;  // second stage
  bool four_mib_high_bits_ = false;
};

using GuestFormat = PagingFormat<Va, Ipa>;
using NptFormat = PagingFormat<Ipa, Pa>;

}  // namespace nestwalk::x86
