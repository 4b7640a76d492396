// Spec 5.1: stage-2 geometry: start levels, concatenated tables, illegal combinations.
#include <doctest/doctest.h>

#include "env.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

void check_level0(EnvA& e, const WalkReply& reply) {
  REQUIRE(reply.fault);
  const Syndrome s = e.syndrome(reply, EnvA::x, load, ldr_x0);
  CHECK(s.esr == 0x93c0'8004);
  CHECK(s.target_el == 2);
  CHECK(s.hpfar == 0x100'2030);
  CHECK(s.far == EnvA::x);
  CHECK(e.reads() == 0);
}

}  // namespace

TEST_CASE("T001: three fetches, root to leaf") {
  EnvA e;
  const WalkReply reply = e.access(EnvA::x);
  CHECK_FALSE(reply.fault);
  CHECK(reply.pa == Pa{0x5000'3238});
  CHECK(reply.entry.size_lg2 == 12);
  CHECK(e.port.fetches == std::vector<std::uint64_t>{0x4100'0020, 0x4101'0008, 0x4102'0018});
}

TEST_CASE("T002: the second concatenated table is reached by a wide index") {
  EnvA e;
  e.put(EnvA::root + 0x1008, EnvA::t2 | 3);
  const WalkReply reply = e.access(0x80'4020'3238);
  CHECK(reply.pa == Pa{0x5000'3238});
  CHECK(e.port.fetches.front() == EnvA::root + 0x1008);
}

TEST_CASE("T003: the last page of the space") {
  EnvA e;
  e.put(EnvA::root + 0x1ff8, 0x4201'0003);
  e.put(0x4201'0ff8, 0x4202'0003);
  e.put(0x4202'0ff8, 0x5fff'f7ff);
  const WalkReply reply = e.access(0xff'ffff'f000);
  CHECK(reply.pa == Pa{0x5fff'f000});
  CHECK(e.port.fetches ==
        std::vector<std::uint64_t>{EnvA::root + 0x1ff8, 0x4201'0ff8, 0x4202'0ff8});
}

TEST_CASE("T004: sixteen tables; low bits of the base are ignored") {
  EnvA e;
  e.set_vtcr(21, 1, 4);
  e.regs.vttbr_el2 |= 0xf000;
  e.put(EnvA::root + 0xfff8, 0x4201'0003);
  e.put(0x4201'0ff8, 0x4202'0003);
  e.put(0x4202'0ff8, 0x5fff'f7ff);
  const WalkReply reply = e.access(0x7ff'ffff'f000);
  CHECK(reply.pa == Pa{0x5fff'f000});
  CHECK(e.port.fetches.front() == EnvA::root + 0xfff8);
}

TEST_CASE("T005: 44 bits from level 1 are too many") {
  EnvA e;
  e.set_vtcr(20, 1);
  const WalkReply reply = e.access(EnvA::x);
  check_level0(e, reply);
}

TEST_CASE("T006: level 0 start") {
  EnvA e;
  e.set_vtcr(20, 2, 4);
  e.put(EnvA::root + 0xf8, 0x4201'0003);
  e.put(0x4201'0000, EnvA::t2 | 3);
  const WalkReply reply = e.access(0xf80'0020'3238);
  CHECK(reply.pa == Pa{0x5000'3238});
  CHECK(e.port.fetches.front() == EnvA::root + 0xf8);
  CHECK(e.reads() == 4);
}

TEST_CASE("T007: a level 0 start is invalid below 44 physical bits") {
  EnvA e;
  e.features.pa_bits = 40;
  e.set_vtcr(24, 2);
  const WalkReply reply = e.access(EnvA::x);
  check_level0(e, reply);
}

TEST_CASE("T008: 39 bits are too few for a level 0 start") {
  EnvA e;
  e.set_vtcr(25, 2);
  const WalkReply reply = e.access(EnvA::x);
  check_level0(e, reply);
}

TEST_CASE("T009: level 2 start: 30 bits in one table, 34 in sixteen, 35 not at all") {
  EnvA e;
  e.set_vtcr(34, 0);
  e.put(EnvA::root + 0xff8, EnvA::t3 | 3);
  e.put(EnvA::t3 + 0xff8, 0x5fff'f7ff);
  CHECK(e.access(0x3fff'f000).pa == Pa{0x5fff'f000});
  CHECK(e.reads() == 2);
  e.set_vtcr(30, 0);
  e.put(EnvA::root + 0xfff8, EnvA::t3 | 3);
  CHECK(e.access(0x3'ffff'f000).pa == Pa{0x5fff'f000});
  CHECK(e.port.fetches.front() == EnvA::root + 0xfff8);
  e.set_vtcr(29, 0);
  const WalkReply reply = e.access(0x7'ffff'f000);
  CHECK(reply.fault.cause == FaultCause::not_present);
  CHECK(reported_level(reply.fault) == 0);
  CHECK(e.reads() == 0);
}

TEST_CASE("T010: a level 3 start needs FEAT_TTST") {
  EnvA e;
  e.set_vtcr(39, 3);
  e.put(EnvA::root + 0xfff8, EnvA::page);
  CHECK(reported_level(e.access(0x1ff'f000).fault) == 0);
  CHECK(e.reads() == 0);
  e.features.ttst = true;
  CHECK(e.access(0x1ff'f000).pa == Pa{0x5000'3000});
  CHECK(e.port.fetches == std::vector<std::uint64_t>{EnvA::root + 0xfff8});
}

TEST_CASE("T011: 16K, 48 bits: level 1 start with two tables") {
  EnvA e;
  e.features.pa_bits = 48;
  e.set_vtcr(16, 2, 5, 2);
  e.regs.vttbr_el2 |= 0x4000;  // below the alignment of 32 KiB
  e.put(EnvA::root + 0x7ff8, 0x4201'0003);
  e.put(0x4201'3ff8, 0x4202'0003);
  e.put(0x4202'3ff8, 0x5fff'c7ff);
  const WalkReply reply = e.access(0xffff'ffff'c000);
  CHECK(reply.pa == Pa{0x5fff'c000});
  CHECK(e.port.fetches.front() == EnvA::root + 0x7ff8);
  CHECK(e.reads() == 3);
}

TEST_CASE("T012: 16K, SL0 = 3 is invalid without DS") {
  EnvA e;
  e.set_vtcr(24, 3, 2, 2);
  const WalkReply reply = e.access(EnvA::x);
  check_level0(e, reply);
}

TEST_CASE("T013: 64K: 46 bits from level 2 in sixteen tables, 47 not, 47 from level 1") {
  EnvA e;
  e.features.pa_bits = 48;
  e.put(EnvA::root, 0x4201'0003);  // level 2 entry, or level 1 entry, for 0
  e.put(0x4201'0000, 0x5000'0000 | 0x7fd);
  const auto try_with = [&](unsigned t0sz, unsigned sl0) {
    e.set_vtcr(t0sz, sl0, 5, 1);
    return e.access(0x3238);
  };
  e.put(EnvA::root, 0x4201'0003);
  e.put(0x4201'0000, 0x5000'07ff);
  CHECK(try_with(18, 1).pa == Pa{0x5000'3238});
  CHECK(e.engine().state().stage2.root_lg2() == 20);
  CHECK(reported_level(try_with(17, 1).fault) == 0);
  CHECK(e.reads() == 0);
  e.put(0x4201'0000, 0x5000'0000 | 0x7fd);
  CHECK(try_with(17, 2).pa == Pa{0x4000'3238});  // a 512M block at level 2
}

TEST_CASE("T014: an IPA beyond the input size") {
  EnvA e;
  const WalkReply reply = e.access(0x100'0000'0238);
  const Syndrome s = e.syndrome(reply, 0x100'0000'0238);
  CHECK(s.fsc() == 0x04);
  CHECK(s.hpfar == 0x1'0000'0000);
  CHECK(e.reads() == 0);
}

TEST_CASE("T015: T0SZ below its minimum faults or is clamped; with FEAT_LPA it faults") {
  EnvA e;
  e.set_vtcr(16, 2, 4);
  e.put(EnvA::root, EnvA::root + 0x8000 + 3);
  e.put(EnvA::root + 0x8020, EnvA::t2 | 3);
  CHECK(reported_level(e.access(EnvA::x).fault) == 0);
  CHECK(e.reads() == 0);
  e.knobs.txsz_below_min = Knobs::TxSz::clamp;
  CHECK(e.access(EnvA::x).pa == Pa{0x5000'3238});
  CHECK(e.engine().state().stage2.input_bits() == 44);
  e.features.lpa = true;
  CHECK(e.access(EnvA::x).fault);
}

TEST_CASE("T010: T0SZ above its maximum faults or is clamped, at both stages") {
  EnvA e;
  e.set_vtcr(40, 0);  // the maximum is 39 without FEAT_TTST: 25 bits from level 2
  e.put(EnvA::root, EnvA::t3 | 3);
  e.set_vtcr(40, 0);
  CHECK(reported_level(e.access(0x3238).fault) == 0);
  CHECK(e.reads() == 0);
  e.knobs.txsz_above_max = Knobs::TxSz::clamp;
  CHECK(e.access(0x3238).pa == Pa{0x5000'3238});
  CHECK(e.engine().state().stage2.input_bits() == 25);
  GeometryRequest ask;
  ask.txsz = 45;
  CHECK(stage1_geometry(ask, e.features, {}).geometry.refused == FaultCause::not_present);
  CHECK(stage1_geometry(ask, e.features, e.knobs).geometry.input_bits == 25);
}

TEST_CASE("T031: the output size is the smaller of PS and PAMax") {
  EnvA e;
  e.features.pa_bits = 36;
  e.set_vtcr(28, 1, 2);
  e.set_leaf(EnvA::page | one(36));
  const WalkReply reply = e.access(EnvA::x);
  CHECK(reply.fault.cause == FaultCause::address_size);
  CHECK(reported_level(reply.fault) == 3);
}

TEST_CASE("T032: a start table of two entries") {
  EnvA e;
  e.set_vtcr(33, 1);
  e.regs.vttbr_el2 |= 8;  // below the alignment of 16 bytes
  e.put(EnvA::root + 8, 0x6000'0000 | 0x7fd);
  CHECK_FALSE(e.access(0x4000'0000).fault);
  CHECK(e.port.fetches.front() == EnvA::root + 8);
}

TEST_CASE("T033: without stage 2 the IPA is the PA") {
  EnvA e;
  e.regs.hcr_el2 = one(31);
  const WalkReply reply = e.access(EnvA::x);
  CHECK(reply.pa == Pa{EnvA::x});
  CHECK(e.reads() == 0);
}

// Spec 1.4: the legal input sizes of every start level, as a table.
TEST_CASE("start levels: legal input sizes, for every granule, T0SZ, SL0, SL2 and DS") {
  struct Row {
    Granule granule;
    int level;
    unsigned low, high, high_ds;  // 0: not legal
  };
  constexpr Row table[] = {
      {Granule::k4, 3, 16, 25, 25},  {Granule::k4, 2, 22, 34, 34},  {Granule::k4, 1, 31, 43, 43},
      {Granule::k4, 0, 40, 48, 52},  {Granule::k4, -1, 49, 0, 52},  {Granule::k16, 3, 16, 29, 29},
      {Granule::k16, 2, 26, 40, 40}, {Granule::k16, 1, 37, 48, 51}, {Granule::k16, 0, 48, 0, 52},
      {Granule::k64, 3, 17, 33, 33}, {Granule::k64, 2, 30, 46, 46}, {Granule::k64, 1, 43, 52, 52},
  };
  const Features all = Features::all();
  for (const Granule granule : all_granules)
    for (const bool ds : {false, true})
      for (unsigned sl2 = 0; sl2 < 2; ++sl2)
        for (unsigned sl0 = 0; sl0 < 4; ++sl0)
          for (unsigned t0sz = 0; t0sz < 64; ++t0sz) {
            GeometryRequest ask;
            ask.granule = granule;
            ask.txsz = t0sz;
            ask.ps = 6;
            ask.ds = ds;
            ask.sl0 = sl0;
            ask.sl2 = sl2;
            int level = granule == Granule::k4 ? (sl0 == 3 ? 3 : 2 - static_cast<int>(sl0))
                                               : 3 - static_cast<int>(sl0);
            bool legal = false;
            if (granule == Granule::k4 && ds && sl2) level = sl0 == 0 ? -1 : 9;
            const unsigned ia = 64 - t0sz;
            for (const Row& r : table)
              if (r.granule == granule && r.level == level)
                legal = ia >= r.low && ia <= (ds ? r.high_ds : r.high);
            const RootedGeometry found = stage2_geometry(ask, all, {});
            INFO(row(granule).name, " ds ", ds, " sl2 ", sl2, " sl0 ", sl0, " ia ", ia);
            CHECK((found.geometry.refused == FaultCause::none) == legal);
            if (legal) CHECK(level_of(found.geometry.root_height) == level);
          }
}
