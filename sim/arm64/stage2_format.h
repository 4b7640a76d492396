// Stage-2 tables: S2AP, XN, access flag and dirty state, Device tables under HCR_EL2.PTW (Arm ARM
// D8.3.1, D8.4.2, D8.5; ASL S2Walk, S2DirectBasePermissions, S2CheckPermissions). Table descriptors
// carry no rights. Left out: S2PIE, S2POE, TL0/TL1, AssuredOnly, MTE tags.
#pragma once
#include "arm64/memory_type.h"
#include "arm64/operation.h"
#include "arm64/rights.h"
#include "arm64/table_geometry.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"

namespace nestwalk::arm64 {

// Nothing is gathered on the way.
struct Stage2Path {
  std::uint8_t nothing = 0;
};

class Stage2Format {
 public:
  using In = Ipa;
  using Out = Pa;
  using Path = Stage2Path;

  struct Controls {
    RootedGeometry tables;
    bool ha = false, hd = false;
    bool xnx = false;
    bool ptw = false;  // stage-1 tables must not lie in Device memory
    bool fwb = false;
    bool cache_disabled = false;  // HCR_EL2.CD
    std::uint8_t sh = 0;          // VTCR.SH0, in place of the descriptor's with DS
    Operation operation = Operation::plain;
  };

  Stage2Format() = default;
  explicit Stage2Format(const Controls& controls) : c_(controls) {}
  const Controls& controls() const { return c_; }
  const TableGeometry& geometry() const { return c_.tables.geometry; }

  Root<Pa, Path> root(Ipa ipa, const Access&) const {
    const TableGeometry& g = geometry();
    const bool beyond = g.refused != FaultCause::not_present && ipa.value >> g.input_bits != 0;
    return {beyond ? FaultCause::not_present : g.refused, {Pa{c_.tables.root}, g.root_height, {}}};
  }
  Pa entry_address(Pa table, Ipa ipa, int h) const {
    return Pa{geometry().entry_address(table.value, ipa.value, h)};
  }
  static constexpr unsigned entry_bytes() { return 8; }
  Entry<Pa> decode(std::uint64_t word, int h, Ipa ipa) const {
    return geometry().decode<Pa>(geometry().load(word), h, ipa.value);
  }
  // Without an input address: as if the first byte that the descriptor maps were asked for.
  Entry<Pa> decode(std::uint64_t word, int h) const {
    const std::uint64_t d = geometry().load(word);
    return geometry().decode<Pa>(d, h, geometry().address_of(d, geometry().granule.leaf_lg2(h)));
  }
  Path descend(Path path, std::uint64_t) const { return path; }
  std::uint64_t mark_table(std::uint64_t word) const { return word; }
  Permit permit(Path path, std::uint64_t word, int h, const Access& access) const;
  std::uint64_t mark_leaf(std::uint64_t word, const Access& access) const;
  std::uint64_t mark_denied(std::uint64_t word, FaultCause cause) const {
    return c_.ha ? geometry().mark_denied(word, cause) : word;
  }

  Rights rights(std::uint64_t word) const;
  // Of these, those that need no dirty state to be set first.
  Rights clean_rights(std::uint64_t word) const {
    const std::uint64_t d = geometry().load(word);
    const bool clean = dirty_managed(d) && !bit(d, 7);
    return static_cast<Rights>(rights(word) & (clean ? ~0x12u : ~0u));
  }
  bool is_device(std::uint64_t word) const;
  Stage2Memory memory(std::uint64_t word) const;

  // What reading, or updating, a stage-1 descriptor amounts to.
  Access table_access(bool update) const {
    Access access;
    access.type = update ? AccessType::write : AccessType::read;
    access.read_modify_write = update;
    access.table_walk = true;
    return access;
  }
  int root_height() const { return geometry().root_height; }
  unsigned span_lg2(int h) const { return geometry().granule.span_lg2(h); }
  unsigned table_lg2() const { return geometry().granule.lg2; }
  unsigned root_lg2() const { return geometry().root_lg2(); }
  unsigned leaf_lg2(int h) const { return geometry().granule.leaf_lg2(h); }
  unsigned run_lg2(int h) const { return geometry().granule.run_bytes_lg2(h); }
  bool leaf_allowed(int h) const { return geometry().leaf_allowed(h); }
  unsigned input_bits() const { return geometry().input_bits; }
  std::uint64_t make_table(Pa next) const;
  std::uint64_t make_leaf(Pa out, int h, const MapRights& rights) const;

 private:
  bool dirty_managed(std::uint64_t d) const {
    return c_.ha && c_.hd && bit(d, descriptor::dirty_modifier);
  }

  Controls c_{};
};

}  // namespace nestwalk::arm64
