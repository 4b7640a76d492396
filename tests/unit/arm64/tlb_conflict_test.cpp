// Spec 5.4, T107: two TLB entries for one address.
#include <doctest/doctest.h>

#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

TEST_CASE("T107: overlapping entries of two sizes: one of the two answers, never a third") {
  EnvB e;
  Cpu cpu(e);
  TlbEntry small, big;
  small.tag = big.tag = {1, 5, 0, 0};
  small.page = Va{0x20'1000};
  big.page = Va{0x20'0000};
  small.frame = Pa{0x7000'0000};
  big.frame = Pa{0x8000'0000};
  big.size_lg2 = 21;
  cpu.tlb.fill(small, small.page);
  cpu.tlb.fill(big, big.page);
  const Tlb::Hit hit = cpu.tlb.lookup(Va{0x20'1238}, {1, 5, 0, 0});
  REQUIRE(hit);
  const Pa pa = hit.entry->translate(Va{0x20'1238});
  CHECK((pa == Pa{0x7000'0238} || pa == Pa{0x8000'1238}));
}

// The two are there together after software has changed the size without an invalidation.
TEST_CASE("T107: two sizes for one address: a TLB conflict abort, by choice") {
  const auto change_size = [](EnvA& e, Cpu& cpu) {
    cpu.access(EnvA::x);
    e.put(EnvA::t2 + 8, 0x7000'07fd);
    cpu.caches.invalidate({.second_stage = true, .stage2_walks = Invalidation::Walks::all});
    CHECK(cpu.access(EnvA::x + 0x1000).pa == Pa{0x7000'4238});
    return cpu.access(EnvA::x);
  };
  SUBCASE("any") {
    EnvA e;
    Cpu cpu(e);
    const WalkReply reply = change_size(e, cpu);
    CHECK((reply.pa == Pa{0x5000'3238} || reply.pa == Pa{0x7000'3238}));
  }
  SUBCASE("abort") {
    EnvA e;
    e.knobs.tlb_conflict = Knobs::Conflict::abort;
    Cpu cpu(e);
    const WalkReply reply = change_size(e, cpu);
    CHECK(e.syndrome(reply, EnvA::x).fsc() == 0x30);
    CHECK_FALSE(cpu.access(EnvA::x + 0x1000).fault);  // only one entry maps this one
    cpu.tlbi("VMALLS12E1");
    CHECK(cpu.access(EnvA::x).pa == Pa{0x7000'3238});
  }
  SUBCASE("never with FEAT_BBML3") {
    EnvA e;
    e.knobs.tlb_conflict = Knobs::Conflict::abort;
    e.features.bbm = 3;
    Cpu cpu(e);
    CHECK_FALSE(change_size(e, cpu).fault);
  }
}
