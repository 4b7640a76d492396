// Which table shapes the registers may ask for (Arm ARM D8.2; ASL S1StartLevel, S2StartLevel,
// S2InvalidSL, S2InconsistentSL, S1MinTxSZ, S2MinTxSZ, MaxTxSZ, S1TTBaseAddress, S2TTBaseAddress).
#include "arm64/table_geometry.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace nestwalk::arm64 {
namespace {

constexpr std::array<std::uint8_t, 8> ps_sizes = {32, 36, 40, 42, 44, 48, 52, 52};

// Brings TxSZ into min..max, or says that it faults.
bool txsz_faults(unsigned& txsz, unsigned min, unsigned max, const Features& features,
                 const Knobs& knobs) {
  if (txsz < min) {
    if (features.lpa || features.lva || knobs.txsz_below_min == Knobs::TxSz::fault) return true;
    txsz = min;
  } else if (txsz > max) {
    if (knobs.txsz_above_max == Knobs::TxSz::fault) return true;
    txsz = max;
  }
  return false;
}

unsigned max_txsz(Granule granule, const Features& features) {
  if (!features.ttst) return 39;
  return granule == Granule::k64 ? 47 : 48;
}

// The level where stage 2 begins; nothing: SL0 and SL2 are reserved, or not legal here.
std::optional<int> stage2_start_level(const GeometryRequest& ask, bool ds,
                                      const Features& features) {
  switch (ask.granule) {
    case Granule::k4:
      if (ds && ask.sl2) return ask.sl0 == 0 ? std::optional(-1) : std::nullopt;
      if (ask.sl0 == 2 && features.pa_bits < 44) return std::nullopt;
      if (ask.sl0 == 3) return features.ttst ? std::optional(3) : std::nullopt;
      return 2 - static_cast<int>(ask.sl0);
    case Granule::k16:
      if (ask.sl0 == 2 && features.pa_bits < 42) return std::nullopt;
      if (ask.sl0 == 3 && !ds) return std::nullopt;
      break;
    case Granule::k64:
      if (ask.sl0 == 2 && features.pa_bits < 44) return std::nullopt;
      if (ask.sl0 == 3) return std::nullopt;
      break;
  }
  return 3 - static_cast<int>(ask.sl0);
}

// What an emulator refuses because it takes VTCR_EL2.PS for PAMax, and what it does not know of
// start levels with 52-bit addresses (Departures::stage2_judged_by_ps).
bool refused_by_ps(const TableGeometry& g, int level) {
  if (g.input_bits > g.output_bits) return true;
  switch (g.granule.lg2) {
    case 12:
      return level < 0 ? g.input_bits != 52 : level == 0 && g.output_bits <= 42;
    case 14:
      return level == 0 || (level == 1 && g.output_bits <= 40);
    default:
      return level == 1 && g.output_bits <= 42;
  }
}

// What both stages settle before their start levels.
TableGeometry common_geometry(const GeometryRequest& ask, const Features& features,
                              const Knobs& knobs, const Departures& departures) {
  TableGeometry g;
  g.granule = row(ask.granule);
  g.ds = ask.ds && features.lpa2 && ask.granule != Granule::k64;
  g.lpa64 = ask.granule == Granule::k64 && features.lpa;
  g.big_endian = ask.big_endian;
  g.honours_nt = features.bbm == 1 || features.bbm == 2;
  g.knobs = knobs;
  g.departures = departures;
  g.output_bits = static_cast<std::uint8_t>(output_bits(ask.ps, ask.granule, g.ds, features));
  if (departures.low_halves_ignored && g.output_bits <= 48) {
    g.lpa64 = false;
    g.ds_low_bits = 0;
  }
  const bool big_blocks = ask.granule == Granule::k64 ? features.pa_bits >= 52 : g.ds;
  g.block_height =
      static_cast<std::int8_t>(big_blocks ? g.granule.block_height_52 : g.granule.block_height);
  return g;
}

// The root's address, and an Address size fault if it lies beyond the output size.
RootedGeometry rooted(TableGeometry g, const GeometryRequest& ask) {
  const bool wide = g.ds || (g.lpa64 && ask.ps == 6);
  std::uint64_t root = ask.ttbr & field_mask(47, 1);
  const unsigned low = g.departures.root_keeps_bits_5_4 ? 4 : 6;
  if (wide) root = (root & field_mask(47, low)) | bits(ask.ttbr, 5, 2) << 48;
  root = align_down(root, g.root_lg2());
  if (g.out_of_range(root)) g.refused = FaultCause::address_size;
  return {g, root};
}

RootedGeometry refused(TableGeometry g) {
  g.refused = FaultCause::not_present;
  return {g, 0};
}

}  // namespace

EntryKind TableGeometry::adjust_leaf(std::uint64_t d, int height, std::uint64_t in,
                                     std::uint64_t& base, unsigned& lg2) const {
  const unsigned run = run_lg2(d, height);
  if (run > input_bits && knobs.contig_too_large_faults) return EntryKind::not_present;
  if (no_translate(d, height) && knobs.nt_faults) return EntryKind::not_present;
  if (run != lg2 && run <= input_bits) {
    using Choice = Knobs::Misprogrammed;
    const bool misfit = knobs.contig_misprog != Choice::run && misprogrammed(d, height, in);
    if (misfit && knobs.contig_misprog == Choice::conflict) return EntryKind::malformed;
    if (!misfit) {  // else the member stands for itself alone
      base = align_down(base, run);
      if (knobs.contig_cached)
        lg2 = run;
      else
        base |= in & field_mask(run - 1, lg2);
    }
  }
  return EntryKind::leaf;
}

unsigned output_bits(unsigned ps, Granule granule, bool ds, const Features& features) {
  unsigned size = ps_sizes[ps & 7];
  if (granule == Granule::k64 ? !features.lpa : !ds) size = std::min(size, 48u);
  return std::min<unsigned>(size, features.pa_bits);
}

unsigned ps_for(unsigned address_bits) {
  const auto* at = std::find_if(ps_sizes.begin(), ps_sizes.end() - 1,
                                [&](unsigned size) { return size >= address_bits; });
  return std::min(6u, static_cast<unsigned>(at - ps_sizes.begin()));
}

RootedGeometry stage1_geometry(const GeometryRequest& ask, const Features& features,
                               const Knobs& knobs, const Departures& departures) {
  TableGeometry g = common_geometry(ask, features, knobs, departures);
  const bool wide = ask.granule == Granule::k64 ? features.lva : g.ds;
  unsigned txsz = ask.txsz;
  if (txsz_faults(txsz, wide ? 12 : 16, max_txsz(ask.granule, features), features, knobs))
    return refused(g);
  g.input_bits = static_cast<std::uint8_t>(64 - txsz);
  g.root_height = static_cast<std::int8_t>((g.input_bits - 1 - g.granule.lg2) / g.granule.stride);
  return rooted(g, ask);
}

RootedGeometry stage2_geometry(const GeometryRequest& ask, const Features& features,
                               const Knobs& knobs, const Departures& departures) {
  TableGeometry g = common_geometry(ask, features, knobs, departures);
  const bool wide = g.ds || ask.granule == Granule::k64;
  unsigned min = 64 - std::min<unsigned>(features.pa_bits, wide ? 52 : 48);
  if (ask.el1_is_aarch32) min = std::min(min, 24u);
  unsigned txsz = ask.txsz;
  if (txsz_faults(txsz, min, max_txsz(ask.granule, features), features, knobs)) return refused(g);
  g.input_bits = static_cast<std::uint8_t>(64 - txsz);

  const std::optional<int> level = stage2_start_level(ask, g.ds, features);
  if (!level || (departures.stage2_judged_by_ps && refused_by_ps(g, *level))) return refused(g);
  g.root_height = static_cast<std::int8_t>(height_of(*level));
  const unsigned least = g.root_shift() + 1;  // at least two entries, at most 16 whole tables
  if (g.input_bits < least || g.input_bits > least + g.granule.stride - 1u + 4u) return refused(g);
  return rooted(g, ask);
}

}  // namespace nestwalk::arm64
