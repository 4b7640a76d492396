// DRAM by itself, by hand: one access after another, and a few at the same time.
#include <doctest/doctest.h>

#include "dram_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t lines_per_row = 8192 / line_bytes;

// Row 0 of bank 0, and what else lies in bank 0: bank numbers are XORed with the row's, so that row
// `row` of bank 0 is at bank number `row` of the plain order (rows below 32).
std::uint64_t in_bank_0(std::uint64_t row, std::uint64_t column = 0) {
  return (row * 32 + row) * lines_per_row + column;
}

}  // namespace

TEST_CASE("an idle bank: a row that is open, none, another") {
  const DramSpec spec = without_refresh(ddr4_3200());
  DramRig rig(spec);
  const Cycles hit = 138 + 44 + 8;
  CHECK(rig.read(1000, in_bank_0(0)) == 1000 + hit + 44);
  CHECK(rig.read(2000, in_bank_0(0, 5)) == 2000 + hit);
  CHECK(rig.read(3000, in_bank_0(1)) == 3000 + hit + 44 + 44);
  CHECK(rig.read(4000, in_bank_0(0)) == 4000 + hit + 44 + 44);
  CHECK(rig.read(5000, lines_per_row) == 5000 + hit + 44);  // bank 1
  const DramCounts counts = rig.dram.counts();
  CHECK(counts.row_hits == 1);
  CHECK(counts.row_misses == 2);
  CHECK(counts.row_conflicts == 2);
  CHECK(counts.bytes == 5 * 64);
  CHECK(counts.bus_busy_cycles == 5 * 8);
  CHECK(counts.latency_cycles == 5 * hit + 2 * 44 + 2 * 88);
  CHECK(counts.queueing_cycles == 0);
}

TEST_CASE("lines of an open row follow one another at the rate of the bus") {
  DramRig rig(without_refresh(ddr4_3200()));
  const Cycles first = rig.read(0, 0);
  for (std::uint64_t i = 1; i < 20; ++i) CHECK(rig.read(i, i) == first + 8 * i);
  // Each waits for the one before it: 8 cycles more than it took, less the cycle that it came
  // later, and without activating itself.
  Cycles waited = 0;
  for (std::uint64_t i = 1; i < 20; ++i) waited += 44 + 8 * i - i;
  CHECK(rig.dram.counts().queueing_cycles == waited);
}

TEST_CASE("a burst that is not a whole number of cycles costs the bus what it is") {
  DramSpec spec = without_refresh(ddr4_3200());
  spec.burst_cycles = 11.6875;
  DramRig rig(spec);
  const Cycles first = rig.read(0, 0);
  CHECK(first == 138 + 44 + 44 + 12);
  Cycles last = 0;
  for (std::uint64_t i = 1; i <= 16; ++i) last = rig.read(i, i);
  CHECK(last == 138 + 44 + 44 + 17 * 187 / 16 + 1);
  CHECK(rig.dram.counts().bus_busy_cycles == 17 * 187 / 16);
  CHECK(rig.dram.peak_bytes_per_cycle() == doctest::Approx(64 / 11.6875));
}

TEST_CASE("rows of one bank: a row cycle apart, however early they are asked for") {
  DramRig rig(without_refresh(ddr4_3200()));
  Cycles previous = rig.read(0, in_bank_0(0));
  for (std::uint64_t row = 1; row < 10; ++row) {
    const Cycles next = rig.read(row, in_bank_0(row));
    CHECK(next == previous + 104 + 44);  // tRAS + tRP
    previous = next;
  }
}

TEST_CASE("banks work at the same time, also of two ranks") {
  DramRig rig(without_refresh(ddr4_3200()));
  const Cycles first = rig.read(0, 0);
  for (std::uint64_t bank = 1; bank < 32; ++bank)
    CHECK(rig.read(0, bank * lines_per_row) == first + 8 * bank);
}

TEST_CASE("a row hit passes an older access that waits for its bank") {
  DramRig rig(without_refresh(ddr4_3200()));
  rig.read(0, lines_per_row);  // opens a row of bank 1
  rig.read(0, in_bank_0(0));
  const Cycles conflict = rig.read(300, in_bank_0(1));
  const Cycles hit = rig.read(301, lines_per_row + 1);
  CHECK(conflict == 300 + 138 + 3 * 44 + 8);
  CHECK(hit == 301 + 138 + 44 + 8);
}

TEST_CASE("channels share nothing") {
  DramSpec spec = without_refresh(ddr4_3200());
  spec.channels = 4;
  DramRig rig(spec);
  const Cycles first = rig.read(0, 0);
  for (std::uint64_t line = 1; line < 4; ++line) CHECK(rig.read(0, line) == first);
  CHECK(rig.read(0, 4) == first + 8);
  CHECK(rig.dram.peak_bytes_per_cycle() == 4 * 8);
}

TEST_CASE("a refresh holds up its rank, not the other, and closes its rows") {
  DramRig rig(ddr4_3200());
  const Cycles half = 24960 / 2;
  const std::uint64_t rank_1 = 16 * lines_per_row;
  const Cycles miss = 138 + 44 + 44 + 8, hit = miss - 44;
  CHECK(rig.read(0, 0) == miss);
  CHECK(rig.read(half - 1, 1) == half - 1 + hit);              // the last command before
  CHECK(rig.read(half, 2) == half + 1120 + miss);              // waits, and finds its row closed
  CHECK(rig.read(half + 10, rank_1) == half + 10 + miss);      // the other rank
  CHECK(rig.read(half + 9000, 3) == half + 9000 + hit);        // until the next refresh
  CHECK(rig.read(24960 + 10, rank_1) == 24960 + 1120 + miss);  // rank 1's turn
  CHECK(rig.read(half + 24960 + 2000, 4) == half + 24960 + 2000 + miss);
}
