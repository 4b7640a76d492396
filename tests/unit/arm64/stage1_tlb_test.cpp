// Entries of stage 1 alone under two stages, virtual to intermediate (spec 1.9.1, 1.9.2: the column
// S1-only): what they spare, whom they serve, what takes them away.
#include <doctest/doctest.h>

#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

WalkCachesSpec stage1_tlb_alone() {
  WalkCachesSpec spec;
  spec.stage1_tlb = small_tlb();
  return spec;
}

// A processor without any other cache; each access walks.
struct Bare : Cpu {
  explicit Bare(Env& environment) : Cpu(environment, stage1_tlb_alone()) {}
  WalkReply access(std::uint64_t va, const Access& how = load) {
    tlb.drop(Va{va}, engine.tag());
    return Cpu::access(va, how);
  }
  std::size_t held() const { return caches.stage1_tlb.occupied(); }
};

}  // namespace

TEST_CASE("a hit spares all of stage 1; stage 2 still translates the final address") {
  EnvB e;
  Bare cpu(e);
  const WalkReply cold = cpu.access(EnvB::va);
  const std::size_t cold_reads = e.reads();
  const WalkReply warm = cpu.access(EnvB::va);
  CHECK(warm.pa == cold.pa);
  CHECK(warm.entry.size_lg2 == cold.entry.size_lg2);
  CHECK(warm.entry.leaf_lg2 == cold.entry.leaf_lg2);
  CHECK(warm.entry.global == cold.entry.global);
  CHECK(warm.entry.attributes == cold.entry.attributes);
  CHECK(warm.stage1_size_lg2 == cold.stage1_size_lg2);
  // Spec 2.1: N = sum(p_i + 1) + d; d alone is left.
  const std::size_t d = e.reads();
  CHECK(d == 3);
  CHECK(cold_reads == 3 * (3 + 1) + d);
}

TEST_CASE("a change of stage 2 needs no invalidation of it: IPAS2E1 does not take it") {
  EnvB e;
  Bare cpu(e);
  cpu.access(EnvB::va);
  e.put(EnvB::data_entry, 0);
  cpu.tlbi("IPAS2E1", ipa_operand(EnvB::data_ipa));
  CHECK(cpu.held() == 1);
  const WalkReply reply = cpu.access(EnvB::va);
  CHECK(reply.fault.cause == FaultCause::not_present);
  CHECK(reply.fault.stage == 2);
  CHECK_FALSE(reply.fault.on_table_walk);
  CHECK(e.reads() == 3);
}

TEST_CASE("T083 T084 T085 T087 T088: what takes entries of stage 1 alone") {
  EnvB e;
  for (const char* all : {"VMALLE1", "VMALLS12E1", "ALLE1"}) {
    CAPTURE(all);
    Bare cpu(e);
    cpu.access(EnvB::va);
    CHECK(cpu.held() == 1);
    cpu.tlbi(all);
    CHECK(cpu.held() == 0);
  }
  for (const char* one : {"VAE1", "VALE1", "VAAE1", "VAALE1"}) {
    CAPTURE(one);
    Bare cpu(e);
    cpu.access(EnvB::va);
    cpu.tlbi(one, va_operand(EnvB::va + 0x1000));
    CHECK(cpu.held() == 1);
    cpu.tlbi(one, va_operand(EnvB::va));
    CHECK(cpu.held() == 0);
  }
  for (const char* none : {"ALLE2", "VAE2", "IPAS2LE1"}) {
    CAPTURE(none);
    Bare cpu(e);
    cpu.access(EnvB::va);
    cpu.tlbi(none, va_operand(EnvB::va));
    CHECK(cpu.held() == 1);
  }
}

TEST_CASE("an entry that does not allow the access is looked up in the tables again") {
  EnvB e;
  Bare cpu(e);
  e.put(EnvB::s1_leaf, EnvB::data_ipa | 0x783);  // AP[2]: read-only
  CHECK_FALSE(cpu.access(EnvB::va).fault);
  CHECK(cpu.access(EnvB::va, store).fault.cause == FaultCause::permission);
  // Software allows more, and owes no TLBI (T100).
  e.put(EnvB::s1_leaf, EnvB::data_ipa | 0x703);
  CHECK_FALSE(cpu.access(EnvB::va, store).fault);
  CHECK(e.reads() == 3 * (3 + 1) + 3);
}
