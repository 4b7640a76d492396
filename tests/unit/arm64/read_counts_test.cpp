// Spec 2: descriptor fetches of cold walks, in closed form, for every granule and start level.
#include "built.h"
#include "matrix.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

// A page near the top of the space, so that every index is not zero.
std::uint64_t last_page(unsigned bits, Granule granule) {
  return align_down(low_mask(bits), row(granule).lg2);
}

}  // namespace

TEST_CASE("spec 2.1: one stage: as many reads as levels") {
  for (const Stage1Row& s1 : stage1_rows) {
    Built b(spec_of(&s1, nullptr));
    const std::uint64_t va = last_page(s1.va_bits, s1.granule);
    b.guest->map(va, 0x8000'0000, row(s1.granule).lg2, {}, b.guest_io);
    CHECK(b.access(va + 0x123).pa == Pa{0x8000'0123});
    CHECK(b.port.fetches.size() == s1.levels);
    CHECK(b.engine->shape().stage1_levels == s1.levels);
  }
  for (const Stage2Row& s2 : stage2_rows) {
    Built b(spec_of(nullptr, &s2));
    const std::uint64_t ipa = last_page(std::min(s2.ipa_bits, 48u), s2.granule);
    b.host_identity(ipa, row(s2.granule).lg2);
    CHECK(b.access(ipa + 0x123).pa == Pa{ipa + 0x123});
    CHECK(b.port.fetches.size() == s2.levels);
    CHECK(b.engine->shape().stage2_levels == s2.levels);
  }
}

TEST_CASE("T076 T077, spec 2.2: (n1 + 1)(n2 + 1) - 1 for every pair of granules and start levels") {
  for (const Stage1Row& s1 : stage1_rows)
    for (const Stage2Row& s2 : stage2_rows) {
      constexpr std::uint64_t tables = 0x40'0000, data = 0x180'0000;
      Built b(spec_of(&s1, &s2), tables);
      const std::uint64_t va = last_page(s1.va_bits, s1.granule);
      b.guest->map(va, data, row(s1.granule).lg2, {}, b.guest_io);
      b.host_identity_of_tables(tables, row(s2.granule).lg2);
      b.host_identity(data + 0x120, row(s2.granule).lg2);
      INFO(row(s1.granule).name, " ", s1.va_bits, " over ", row(s2.granule).name, " level ",
           s2.start_level);
      CHECK(b.access(va + 0x123).pa == Pa{data + 0x123});
      CHECK(b.port.fetches.size() == (s1.levels + 1) * (s2.levels + 1) - 1);
    }
}

TEST_CASE("T077, spec 2.3: n1 (p + 1) + d with larger leaves, for every granule and leaf size") {
  for (const Stage1Row& s1 : stage1_rows)
    for (const Stage2Row& s2 : stage2_rows) {
      if (s2.ipa_bits < 40) continue;
      const Built sizes(spec_of(&s1, &s2));
      const auto levels_to = [](const PageTables& tables, const GranuleRow& granule,
                                unsigned levels, unsigned lg2) {
        REQUIRE(tables.leaf_sizes().front() == granule.lg2);
        return levels - (lg2 - granule.lg2) / granule.stride;
      };
      for (const unsigned leaf1 : sizes.guest->leaf_sizes())
        for (const unsigned of_tables : sizes.host->leaf_sizes())
          for (const unsigned of_data : sizes.host->leaf_sizes()) {
            if (leaf1 > 36 || of_tables > 36 || of_data > 36) continue;
            // Regions that do not share a leaf of any size.
            const std::uint64_t tables = std::uint64_t{1} << 37, data = std::uint64_t{1} << 38;
            Built b(spec_of(&s1, &s2), tables);
            const std::uint64_t va = align_down(low_mask(s1.va_bits), leaf1);
            b.guest->map(va, data, leaf1, {}, b.guest_io);
            b.host_identity_of_tables(tables, of_tables);
            b.host_identity(data, of_data);
            const WalkReply reply = b.access(va + 0x123);
            const unsigned n1 = levels_to(*b.guest, row(s1.granule), s1.levels, leaf1);
            const unsigned p = levels_to(*b.host, row(s2.granule), s2.levels, of_tables);
            const unsigned d = levels_to(*b.host, row(s2.granule), s2.levels, of_data);
            CHECK(reply.pa == Pa{data + 0x123});
            CHECK(b.port.fetches.size() == n1 * (p + 1) + d);
            CHECK(reply.entry.size_lg2 == std::min(leaf1, of_data));
          }
    }
}

TEST_CASE("T078, spec 2.3: the named examples") {
  const Stage1Row s48{Granule::k4, 48, 4}, s39{Granule::k4, 39, 3};
  const Stage2Row from1{Granule::k4, 1, 40, 3}, from0{Granule::k4, 0, 44, 4};
  const auto reads = [](const Stage1Row& s1, const Stage2Row& s2, unsigned leaf1,
                        unsigned of_tables, unsigned of_data) {
    const std::uint64_t tables = std::uint64_t{1} << 37, data = std::uint64_t{1} << 38;
    Built b(spec_of(&s1, &s2), tables);
    b.guest->map(0, data, leaf1, {}, b.guest_io);
    b.host_identity_of_tables(tables, of_tables);
    b.host_identity(data, of_data);
    REQUIRE_FALSE(b.access(0).fault);
    return b.port.fetches.size();
  };
  CHECK(reads(s48, from1, 12, 12, 12) == 19);
  CHECK(reads(s48, from1, 12, 12, 21) == 18);
  CHECK(reads(s48, from1, 12, 12, 30) == 17);
  CHECK(reads(s48, from1, 12, 21, 21) == 14);
  CHECK(reads(s48, from1, 21, 12, 21) == 14);
  CHECK(reads(s39, from1, 12, 12, 21) == 14);
  CHECK(reads(s48, from1, 21, 21, 21) == 11);
  CHECK(reads(s48, from1, 21, 21, 30) == 10);
  CHECK(reads(s48, from0, 12, 12, 12) == 24);
  CHECK(reads(s48, from0, 12, 12, 21) == 23);
  CHECK(reads(s39, from1, 21, 21, 21) == 8);
}

TEST_CASE("spec 2.4: reads with warm caches") {
  const Stage1Row s48{Granule::k4, 48, 4};
  const Stage2Row from1{Granule::k4, 1, 40, 3};
  constexpr std::uint64_t tables = 0x4000'0000, data = 0x8000'0000;
  const auto second_walk = [&](const WalkCachesSpec& caches_spec, bool same_page) {
    Built b(spec_of(&s48, &from1), tables);
    b.guest->map(0, data, 12, {}, b.guest_io);
    b.guest->map(0x1000, data + 0x1000, 12, {}, b.guest_io);
    b.host_identity_of_tables(tables, 12);
    b.host_identity(data, 12);
    b.host_identity(data + 0x1000, 12);
    WalkCaches caches(caches_spec, 0);
    b.engine->walk(Va{0}, load_el0, caches, b.port);
    b.port.fetches.clear();
    const std::uint64_t va = same_page ? 0 : 0x1000;
    CHECK(b.engine->walk(Va{va}, load_el0, caches, b.port).pa == Pa{data + va});
    return b.port.fetches.size();
  };
  WalkCachesSpec nested, physical, intermediate, second;
  nested.stage2_tlb = {.entries = 32};
  CHECK(second_walk(nested, true) == 4);       // n1
  CHECK(second_walk(nested, false) == 4 + 3);  // and d for the new page
  physical.stage1 = {{0, {.entries = 4}}};
  CHECK(second_walk(physical, false) == 1 + 3);
  intermediate = physical;
  intermediate.stage1_holds_physical = false;
  CHECK(second_walk(intermediate, false) == 1 + 3 + 3);
  second.stage2 = {{0, {.entries = 32}}};
  CHECK(second_walk(second, false) == 4 * (1 + 1) + 1);  // p = d = 1
}
