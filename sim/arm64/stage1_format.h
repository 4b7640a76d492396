// Stage-1 tables of one half of the address space (one TTBR): permissions, hierarchical attributes,
// access flag and dirty state (Arm ARM D8.3 to D8.5; ASL S1Walk, S1DirectBasePermissions). Left
// out: permission indirection and overlays, D128, FEAT_HAFT, guarded pages, NS.
#pragma once
#include "arm64/memory_type.h"
#include "arm64/operation.h"
#include "arm64/rights.h"
#include "arm64/table_geometry.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"

namespace nestwalk::arm64 {

// What table descriptors on the way took away.
struct Stage1Path {
  bool no_el0 : 1 = false;
  bool read_only : 1 = false;
  bool pxn : 1 = false;
  bool uxn : 1 = false;
};

class Stage1Format {
 public:
  using In = Va;
  using Out = Ipa;
  using Path = Stage1Path;

  // Registers, decoded (regime.cpp fills them).
  struct Controls {
    RootedGeometry tables;
    bool upper = false;           // the half that begins at the top: TTBR1
    bool walks_disabled = false;  // EPD
    bool user_disabled = false;   // E0PD
    bool one_privilege = false;   // EL2 without E2H: AP[1] and PXN do not exist
    bool hierarchy_off = false;   // HPD
    bool nv1 = false;             // EL2-style descriptors at EL1
    bool wxn = false;
    bool ha = false, hd = false;
    bool pan = false, epan = false;
    std::uint8_t device_attributes = 0;  // by AttrIndx: MAIR says Device
    std::uint8_t sh = 0;                 // TCR.SH, in place of the descriptor's with DS
    bool cacheable = false;              // SCTLR.C
    std::uint64_t mair = 0;
    Operation operation = Operation::plain;
  };

  Stage1Format() = default;
  explicit Stage1Format(const Controls& controls) : c_(controls) {}
  const Controls& controls() const { return c_; }
  const TableGeometry& geometry() const { return c_.tables.geometry; }

  Root<Ipa, Path> root(Va va, const Access& access) const {
    const TableGeometry& g = geometry();
    const std::uint64_t beyond = (c_.upper ? ~va.value : va.value) >> g.input_bits;
    FaultCause why = g.refused;
    if (why != FaultCause::not_present &&
        (beyond != 0 || c_.walks_disabled || (c_.user_disabled && access.user)))
      why = FaultCause::not_present;
    return {why, {Ipa{c_.tables.root}, g.root_height, {}}};
  }
  Ipa entry_address(Ipa table, Va va, int h) const {
    return Ipa{geometry().entry_address(table.value, va.value, h)};
  }
  static constexpr unsigned entry_bytes() { return 8; }
  Entry<Ipa> decode(std::uint64_t word, int h, Va va) const {
    return geometry().decode<Ipa>(geometry().load(word), h, va.value);
  }
  // Without an input address: as if the first byte that the descriptor maps were asked for.
  Entry<Ipa> decode(std::uint64_t word, int h) const {
    const std::uint64_t d = geometry().load(word);
    return geometry().decode<Ipa>(d, h, geometry().address_of(d, geometry().granule.leaf_lg2(h)));
  }
  Path descend(Path path, std::uint64_t word) const;
  std::uint64_t mark_table(std::uint64_t word) const { return word; }
  Permit permit(Path path, std::uint64_t word, int h, const Access& access) const;
  std::uint64_t mark_leaf(std::uint64_t word, const Access& access) const;
  std::uint64_t mark_denied(std::uint64_t word, FaultCause cause) const {
    return c_.ha ? geometry().mark_denied(word, cause) : word;
  }

  // The rights that the leaf and the path give, before PSTATE.PAN.
  Rights rights(Path path, std::uint64_t word) const;
  // Of these, those that a cached entry gives: without a dirty state to be set first, and without
  // those that E0PD denies before any look-up.
  Rights clean_rights(Path path, std::uint64_t word) const {
    const bool clean = writable_clean(geometry().load(word));
    const unsigned kept = (clean ? ~0x12u : ~0u) & (c_.user_disabled ? 0x7u : ~0u);
    return static_cast<Rights>(rights(path, word) & kept);
  }
  bool pan_blocks(Rights rights) const {
    return (rights & 0x18) != 0 || (c_.epan && (rights & 0x20) != 0);
  }
  bool is_global(std::uint64_t word) const {
    return c_.one_privilege || !bit(geometry().load(word), descriptor::not_global);
  }
  bool is_device(std::uint64_t word) const {
    return bit(c_.device_attributes, static_cast<unsigned>(bits(geometry().load(word), 4, 2)));
  }

  MemoryType memory(std::uint64_t word) const;

  // Walk caches and table editing.
  int root_height() const { return geometry().root_height; }
  unsigned span_lg2(int h) const { return geometry().granule.span_lg2(h); }
  unsigned table_lg2() const { return geometry().granule.lg2; }
  unsigned root_lg2() const { return geometry().root_lg2(); }
  unsigned leaf_lg2(int h) const { return geometry().granule.leaf_lg2(h); }
  unsigned run_lg2(int h) const { return geometry().granule.run_bytes_lg2(h); }
  bool leaf_allowed(int h) const { return geometry().leaf_allowed(h); }
  unsigned input_bits() const { return geometry().input_bits; }
  std::uint64_t make_table(Ipa next) const;
  std::uint64_t make_leaf(Ipa out, int h, const MapRights& rights) const;

 private:
  // DBM with hardware dirty state: writable, but the first write has to clear AP[2].
  bool dirty_managed(std::uint64_t d) const {
    return c_.ha && c_.hd && bit(d, descriptor::dirty_modifier);
  }
  bool writable_clean(std::uint64_t d) const { return dirty_managed(d) && bit(d, 7); }

  Controls c_{};
};

}  // namespace nestwalk::arm64
