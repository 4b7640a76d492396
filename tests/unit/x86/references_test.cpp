// Cases T059 to T066: references per walk, for every pair of modes and page sizes, counted.
#include "bench.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86::test {
namespace {

unsigned levels(PagingKind kind) { return paging_geometry(kind, true).tables; }

// Tables read until a leaf of this size is found.
unsigned depth(PagingKind kind, unsigned leaf_lg2) {
  const PagingGeometry& geometry = paging_geometry(kind, true);
  unsigned height = 0;
  while (geometry.shift[height] != leaf_lg2) ++height;
  return geometry.tables - height;
}

std::vector<unsigned> leaf_sizes(PagingKind kind) {
  switch (kind) {
    case PagingKind::off:
      return {12};
    case PagingKind::two_level:
      return {12, 22};
    case PagingKind::pae:
      return {12, 21};
    default:
      return {12, 21, 30};
  }
}

std::uint64_t cold_reads(const BenchSpec& spec) {
  Bench b(spec);
  REQUIRE(b.user_read() == "ok");
  CHECK(b.reply.pa.value == (data_page | (b.va.value & low_mask(spec.guest_leaf_lg2))));
  return b.reads();
}

BenchSpec pair(PagingKind guest, Paging host, PagingKind host_kind) {
  BenchSpec spec;
  spec.guest = guest;
  spec.host = host;
  spec.host_kind = host_kind;
  return spec;
}

}  // namespace

TEST_CASE("T059 A-60: 24 references, four levels over four") {
  CHECK(cold_reads(pair(PagingKind::four_level, Paging::ept, PagingKind::four_level)) == 24);
  CHECK(cold_reads(pair(PagingKind::four_level, Paging::npt, PagingKind::four_level)) == 24);
}

TEST_CASE("T060 A-60: five levels") {
  using enum PagingKind;
  CHECK(cold_reads(pair(five_level, Paging::ept, five_level)) == 35);
  CHECK(cold_reads(pair(five_level, Paging::ept, four_level)) == 29);
  CHECK(cold_reads(pair(four_level, Paging::ept, five_level)) == 29);
}

TEST_CASE("T061 A-7 A-8: a PAE guest, PDPTEs in registers or read by the walk") {
  CHECK(cold_reads(pair(PagingKind::pae, Paging::ept, PagingKind::four_level)) == 14);
  CHECK(cold_reads(pair(PagingKind::pae, Paging::npt, PagingKind::four_level)) == 19);
}

TEST_CASE("T062 A-60: 32-bit guest; guest paging off") {
  CHECK(cold_reads(pair(PagingKind::two_level, Paging::ept, PagingKind::four_level)) == 14);
  CHECK(cold_reads(pair(PagingKind::off, Paging::ept, PagingKind::four_level)) == 4);
}

TEST_CASE("T063 A-61: large pages") {
  BenchSpec spec = pair(PagingKind::four_level, Paging::ept, PagingKind::four_level);
  spec.guest_leaf_lg2 = 21;
  CHECK(cold_reads(spec) == 19);
  spec.guest_leaf_lg2 = 12;
  spec.host_table_lg2 = spec.host_data_lg2 = 21;
  CHECK(cold_reads(spec) == 19);
  spec.guest_leaf_lg2 = 21;
  CHECK(cold_reads(spec) == 15);
  spec.guest_leaf_lg2 = spec.host_table_lg2 = spec.host_data_lg2 = 30;
  CHECK(cold_reads(spec) == 8);
}

TEST_CASE("T064 A-61: tables on 4K pages of the host, data on 2M") {
  BenchSpec spec = pair(PagingKind::four_level, Paging::ept, PagingKind::four_level);
  spec.host_data_lg2 = 21;
  CHECK(cold_reads(spec) == 23);
}

TEST_CASE("A-60 A-61: the table of references, every pair of modes") {
  struct Row {
    PagingKind guest;
    unsigned native, npt_two, npt_pae, four, five;  // PAE guests read three tables under NPT
  };
  using enum PagingKind;
  for (const Row& row :
       {Row{off, 0, 2, 3, 4, 5}, Row{two_level, 2, 8, 11, 14, 17}, Row{pae, 2, 11, 15, 19, 23},
        Row{four_level, 4, 14, 19, 24, 29}, Row{five_level, 5, 17, 23, 29, 35}}) {
    CAPTURE(static_cast<int>(row.guest));
    CHECK(cold_reads(pair(row.guest, Paging::none, four_level)) == row.native);
    CHECK(cold_reads(pair(row.guest, Paging::npt, two_level)) == row.npt_two);
    CHECK(cold_reads(pair(row.guest, Paging::npt, pae)) == row.npt_pae);
    CHECK(cold_reads(pair(row.guest, Paging::npt, four_level)) == row.four);
    CHECK(cold_reads(pair(row.guest, Paging::npt, five_level)) == row.five);
    if (row.guest == pae) continue;  // T061
    CHECK(cold_reads(pair(row.guest, Paging::ept, four_level)) == row.four);
    CHECK(cold_reads(pair(row.guest, Paging::ept, five_level)) == row.five);
  }
}

TEST_CASE("A-61: the general form, every pair of page sizes") {
  using enum PagingKind;
  for (const Paging host : {Paging::ept, Paging::npt})
    for (const PagingKind guest : {off, two_level, pae, four_level, five_level})
      for (const unsigned guest_lg2 : leaf_sizes(guest))
        for (const PagingKind host_kind : {two_level, pae, four_level, five_level})
          for (const unsigned table_lg2 : leaf_sizes(host_kind))
            for (const unsigned data_lg2 : leaf_sizes(host_kind)) {
              if (host == Paging::ept && (host_kind == two_level || host_kind == pae)) continue;
              BenchSpec spec = pair(guest, host, host_kind);
              spec.guest_leaf_lg2 = guest_lg2;
              spec.host_table_lg2 = table_lg2;
              spec.host_data_lg2 = data_lg2;
              unsigned guest_tables = guest == off ? 0 : depth(guest, guest_lg2);
              if (guest == pae && host == Paging::ept) --guest_tables;  // PDPTE registers
              const unsigned expected =
                  guest_tables * (depth(host_kind, table_lg2) + 1) + depth(host_kind, data_lg2);
              CHECK(cold_reads(spec) == expected);
            }
}

TEST_CASE("A-60: the engine's shape names the levels") {
  using enum PagingKind;
  for (const PagingKind guest : {two_level, four_level, five_level}) {
    Bench b(pair(guest, Paging::npt, pae));
    CHECK(b.engine.shape().stage1_levels == levels(guest));
    CHECK(b.engine.shape().stage2_levels == 3);
  }
  CHECK(Bench(pair(off, Paging::ept, five_level)).engine.shape().stage2_levels == 5);
  CHECK(Bench(pair(off, Paging::ept, five_level)).engine.shape().stage1_levels == 0);
  CHECK(Bench(pair(pae, Paging::ept, four_level)).engine.shape().stage1_levels == 2);
}

TEST_CASE("T065 A-62: a PDE-cache hit leaves five references") {
  WalkCachesSpec caches;
  caches.stage1 = {{0, {8, 0}}};
  Bench b(pair(PagingKind::four_level, Paging::ept, PagingKind::four_level), caches);
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 24);
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 5);
}

TEST_CASE("A-62: with L guest levels left to read, L(h+1) references") {
  for (std::uint8_t height = 0; height < 4; ++height) {
    WalkCachesSpec caches;
    caches.stage1 = {{height, {8, 0}}};
    Bench b(pair(PagingKind::five_level, Paging::ept, PagingKind::four_level), caches);
    CHECK(b.user_read() == "ok");
    CHECK(b.user_read() == "ok");
    CHECK(b.reads() == (height + 1u) * 5);
  }
}

TEST_CASE("A-62 A-67: natively, L levels left to read are L references") {
  using enum PagingKind;
  for (const PagingKind guest : {two_level, pae, four_level, five_level})
    for (std::uint8_t height = 0; height + 1u < levels(guest); ++height) {
      // Tables that a walk finds in an entry that it reads; the PDPTEs of PAE are in registers.
      if (guest == pae && height == 1) continue;
      WalkCachesSpec caches;
      caches.stage1 = {{height, {8, 0}}};
      Bench b(pair(guest, Paging::none, four_level), caches);
      CHECK(b.user_read() == "ok");
      CHECK(b.user_read() == "ok");
      CHECK(b.reads() == height + 1u);
    }
}

TEST_CASE("A-61 A-64: with a cache of the second stage's tables, L references for each address") {
  using enum PagingKind;
  for (const Paging host : {Paging::ept, Paging::npt})
    for (std::uint8_t height = 0; height < 3; ++height) {
      WalkCachesSpec caches;
      caches.stage2 = {{height, {8, 0}}};
      Bench b(pair(four_level, host, four_level), caches);
      CHECK(b.user_read() == "ok");
      CHECK(b.user_read() == "ok");
      CHECK(b.reads() == 4 * (height + 1u + 1) + height + 1u);
    }
}

TEST_CASE("A-61 A-64: with all guest-physical mappings cached, the guest's tables alone are read") {
  using enum PagingKind;
  for (const PagingKind guest : {two_level, four_level, five_level})
    for (const Paging host : {Paging::ept, Paging::npt}) {
      WalkCachesSpec caches;
      caches.stage2_tlb = {64, 0};
      Bench b(pair(guest, host, four_level), caches);
      CHECK(b.user_read() == "ok");
      CHECK(b.user_read() == "ok");
      CHECK(b.reads() == levels(guest));
    }
}

TEST_CASE("T066 A-61 A-86: guest-physical mappings cached, combined ones flushed") {
  WalkCachesSpec caches;
  caches.stage1 = {{0, {8, 0}}, {1, {8, 0}}};
  caches.stage2_tlb = {64, 0};
  Bench b(pair(PagingKind::four_level, Paging::ept, PagingKind::four_level), caches);
  CHECK(b.user_read() == "ok");
  const TlbInstruction flush = invvpid(1, {b.vm.id, 0}, b.registers);
  REQUIRE(flush.result == TlbInstruction::Result::done);
  for (const Invalidation& what : flush.invalidations) b.caches.invalidate(what);
  CHECK(b.user_read() == "ok");
  CHECK(b.reads() == 4);
}

}  // namespace nestwalk::x86::test
