#include "settings.h"

namespace nestwalk::arm64::test {
namespace {

// Stage 2 (spec 1.4): input sizes by granule and start level, without and with 52-bit addresses.
struct Stage2Row {
  Granule granule;
  int level;
  unsigned low, high, high_wide;  // high = 0: 52-bit addresses only
};
constexpr Stage2Row stage2_rows[] = {
    {Granule::k4, 3, 16, 25, 25},  {Granule::k4, 2, 22, 34, 34},  {Granule::k4, 1, 31, 43, 43},
    {Granule::k4, 0, 40, 48, 52},  {Granule::k4, -1, 49, 0, 52},  {Granule::k16, 3, 16, 29, 29},
    {Granule::k16, 2, 26, 40, 40}, {Granule::k16, 1, 37, 48, 51}, {Granule::k16, 0, 48, 0, 52},
    {Granule::k64, 3, 17, 33, 33}, {Granule::k64, 2, 30, 46, 46}, {Granule::k64, 1, 43, 48, 52},
};

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  for (const bool wide : {false, true}) {
    for (const Stage2Row& r : stage2_rows)
      for (unsigned bits = r.low; bits <= (wide ? r.high_wide : r.high); ++bits)
        all.push_back({2, r.granule, wide, r.level, bits});
    for (const Granule granule : all_granules)
      for (unsigned bits = granule == Granule::k64 ? 17 : 16; bits <= (wide ? 52 : 48); ++bits) {
        const unsigned lg2 = row(granule).lg2, stride = row(granule).stride;
        // Stage 1 has no choice of the level (spec 1.4): the least that one table serves.
        int level = 3;
        for (unsigned reach = lg2 + stride; reach < bits; reach += stride) --level;
        all.push_back({1, granule, wide, level, bits});
      }
  }
  return all;
}

unsigned sl0_of(const Setting& s) {
  if (s.granule != Granule::k4) return static_cast<unsigned>(3 - s.start_level);
  return s.start_level == 3    ? 3
         : s.start_level == -1 ? 0
                               : static_cast<unsigned>(2 - s.start_level);
}

}  // namespace

Features Setting::features() const {
  Features f;
  f.ttst = true;
  if (wide) f = Features::all();
  return f;
}

GeometryRequest Setting::request(std::uint64_t ttbr) const {
  GeometryRequest ask;
  ask.granule = granule;
  ask.txsz = 64 - bits;
  ask.ps = wide ? 6 : 5;
  ask.ds = wide && granule != Granule::k64;
  ask.ttbr = ttbr;
  ask.sl0 = sl0_of(*this);
  ask.sl2 = start_level == -1;
  return ask;
}

RootedGeometry Setting::geometry(std::uint64_t ttbr) const {
  return (stage == 1 ? stage1_geometry : stage2_geometry)(request(ttbr), features(), {}, {});
}

std::uint64_t Setting::address_in(std::uint64_t d, unsigned lg2) const {
  std::uint64_t at = (d & ((std::uint64_t{1} << 48) - 1)) >> lg2 << lg2;
  if (wide && granule == Granule::k64) at |= (d >> 12 & 15) << 48;
  if (wide && granule != Granule::k64) at |= (d >> 48 & 3) << 48 | (d >> 8 & 3) << 50;
  return at;
}

std::ostream& operator<<(std::ostream& out, const Setting& s) {
  return out << "stage " << s.stage << ", " << row(s.granule).name << ", " << s.bits
             << " bits from level " << s.start_level << (s.wide ? ", 52-bit addresses" : "");
}

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

}  // namespace nestwalk::arm64::test
