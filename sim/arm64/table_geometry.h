// The shape of one set of VMSAv8-64 tables, and what both stages' descriptors have in common: valid
// and type bits, addresses, contiguous runs, nT (Arm ARM D8.3). Rights are the stages' own.
#pragma once
#include <cstdint>

#include "arm64/features.h"
#include "arm64/granule.h"
#include "common/base/bits.h"
#include "common/paging/entry.h"
#include "common/paging/fault.h"

namespace nestwalk::arm64 {

// Bits of descriptors that both stages share.
namespace descriptor {
inline constexpr unsigned valid = 0, table = 1, access_flag = 10, not_global = 11,
                          no_translate = 16, dirty_modifier = 51, contiguous = 52;
}

struct TableGeometry {
  GranuleRow granule = row(Granule::k4);
  FaultCause refused = FaultCause::none;  // not none: the controls allow no walk; level 0
  std::uint8_t input_bits = 48;
  std::uint8_t output_bits = 48;  // output addresses beyond it are Address size faults
  std::int8_t root_height = 3;
  std::int8_t block_height = 2;  // greatest height of a leaf
  bool ds = false;               // 4K, 16K: address bits 51:50 in [9:8], 49:48 in [49:48]
  bool lpa64 = false;            // 64K: address bits 51:48 in [15:12]
  std::uint8_t ds_low_bits = 3;  // which of [9:8] are address bits where `ds` is set
  bool big_endian = false;
  bool honours_nt = false;  // FEAT_BBML1 or FEAT_BBML2, not beyond
  Knobs knobs{};
  Departures departures{};

  std::uint64_t load(std::uint64_t word) const {
    return big_endian ? __builtin_bswap64(word) : word;
  }
  unsigned root_shift() const { return granule.leaf_lg2(root_height); }
  // lg2 bytes of the root: one table or part of one, or several concatenated.
  unsigned root_lg2() const { return input_bits - root_shift() + 3; }

  std::uint64_t entry_address(std::uint64_t table_at, std::uint64_t in, int height) const {
    const unsigned shift = granule.leaf_lg2(height);
    const unsigned index_bits = height == root_height ? input_bits - shift : granule.stride;
    return table_at + ((in >> shift & low_mask(index_bits)) << 3);
  }
  bool leaf_allowed(int height) const { return height <= block_height; }

  // A register's or a descriptor's address bits, base aligned to 2^lg2 bytes.
  std::uint64_t address_of(std::uint64_t d, unsigned lg2) const {
    std::uint64_t at = d & field_mask(47, lg2);
    if (lpa64) at |= bits(d, 15, 12) << 48;
    if (ds) at |= (bits(d, 9, 8) & ds_low_bits) << 50 | (d & field_mask(49, 48));
    return at;
  }
  std::uint64_t address_bits(std::uint64_t at) const {
    std::uint64_t d = at & field_mask(47, 12);
    if (lpa64) d |= bits(at, 51, 48) << 12;
    if (ds) d |= bits(at, 51, 50) << 8 | (at & field_mask(49, 48));
    return d;
  }
  bool out_of_range(std::uint64_t at) const { return at >> output_bits != 0; }

  // A block that TLBs may not keep, if it translates at all: its size is about to change in place.
  bool no_translate(std::uint64_t d, int height) const {
    return honours_nt && height > 0 && bit(d, descriptor::no_translate);
  }
  // lg2 bytes that a leaf maps, with the whole of a contiguous run that is honoured.
  unsigned run_lg2(std::uint64_t d, int height) const {
    const unsigned leaf = granule.leaf_lg2(height);
    return bit(d, descriptor::contiguous) ? leaf + granule.run_lg2[static_cast<unsigned>(height)]
                                          : leaf;
  }
  bool misprogrammed(std::uint64_t d, int height, std::uint64_t in) const {
    const unsigned run = run_lg2(d, height), leaf = granule.leaf_lg2(height);
    return run != leaf && ((address_of(d, leaf) ^ in) & field_mask(run - 1, leaf)) != 0;
  }

  // With hardware's access flag: a leaf after it has denied an access (ASL
  // SettingAccessFlagPermitted).
  std::uint64_t mark_denied(std::uint64_t word, FaultCause cause) const {
    const bool may = cause == FaultCause::permission || cause == FaultCause::alignment;
    return may && knobs.access_flag_on_denied ? load(load(word) | one(descriptor::access_flag))
                                              : word;
  }

  // The meaning of a descriptor that `in` selects in a table of this height.
  template <class Out>
  Entry<Out> decode(std::uint64_t d, int height, std::uint64_t in) const {
    if (!bit(d, descriptor::valid)) return {};
    if (bit(d, descriptor::table) && height > 0) {
      const std::uint64_t next = address_of(d, granule.lg2);
      return {out_of_range(next) ? EntryKind::address_size : EntryKind::table, Out{next}, 0};
    }
    if (bit(d, descriptor::table) != (height == 0) || !leaf_allowed(height)) return {};
    unsigned lg2 = granule.leaf_lg2(height);
    std::uint64_t base = address_of(d, lg2);
    if (bit(d, descriptor::contiguous) || no_translate(d, height)) [[unlikely]] {
      const EntryKind kind = adjust_leaf(d, height, in, base, lg2);
      if (kind != EntryKind::leaf) return {kind, Out{}, 0};
    }
    return {out_of_range(base) ? EntryKind::address_size : EntryKind::leaf, Out{base},
            static_cast<std::uint8_t>(lg2), no_translate(d, height)};
  }

 private:
  // A leaf with the Contiguous or the nT bit: what is mapped around `in`. `malformed` stands for a
  // TLB conflict, `not_present` for a Translation fault.
  EntryKind adjust_leaf(std::uint64_t d, int height, std::uint64_t in, std::uint64_t& base,
                        unsigned& lg2) const;
};

// What the registers say about one stage's tables, before legality is judged.
struct GeometryRequest {
  Granule granule = Granule::k4;
  unsigned txsz = 16, ps = 5;
  bool ds = false, big_endian = false;
  std::uint64_t ttbr = 0;  // TTBR or VTTBR
  // Stage 2 only.
  unsigned sl0 = 0;
  bool sl2 = false, el1_is_aarch32 = false;
};

// Geometry and root address; an illegal combination is in `geometry.refused`.
struct RootedGeometry {
  TableGeometry geometry;
  std::uint64_t root = 0;
};
RootedGeometry stage1_geometry(const GeometryRequest&, const Features&, const Knobs&,
                               const Departures& = {});
RootedGeometry stage2_geometry(const GeometryRequest&, const Features&, const Knobs&,
                               const Departures& = {});

// Effective output address size for a PS or IPS value (Arm ARM D8.2, PhysicalAddressSize).
unsigned output_bits(unsigned ps, Granule, bool ds, const Features&);
// The PS value whose size is at least `address_bits`; at most 6.
unsigned ps_for(unsigned address_bits);

}  // namespace nestwalk::arm64
