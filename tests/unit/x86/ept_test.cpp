// Cases T067 to T079 and T088 to T096: rights, misconfigurations and their order in EPT, on the
// path of the data page.
#include <fmt/format.h>

#include "bench.h"

namespace nestwalk::x86::test {
namespace {

// Far from the guest's tables, so that no EPT entry but the root table is shared with them.
constexpr std::uint64_t far_data = one(39) | data_page;
constexpr std::uint64_t r = 1, w = 2, x = 4, xu = one(10);

BenchSpec ept_spec(unsigned data_lg2 = 12) {
  BenchSpec spec;
  spec.host = Paging::ept;
  spec.data = far_data;
  spec.host_data_lg2 = data_lg2;
  return spec;
}
int leaf_height(unsigned lg2) { return static_cast<int>((lg2 - 12) / 9); }

struct EptBench : Bench {
  explicit EptBench(const BenchSpec& bench_spec = ept_spec()) : Bench(bench_spec) {}
  // Rights of the entry of height h on the path of the data page.
  void rights(std::uint64_t rwx, int h = 0) { set_rights(far_data, h, rwx); }
  std::uint64_t leaf() const { return host_entry(far_data, leaf_height(spec.host_data_lg2)); }
  void set_bit(int h, unsigned position) {
    set_host_entry(far_data, h, host_entry(far_data, h) | one(position));
  }
};

BenchSpec mbec_spec(bool execute_only = true) {
  BenchSpec spec = ept_spec();
  spec.mode_based_execute = true;
  spec.cpu.ept_execute_only = execute_only;
  return spec;
}

}  // namespace

TEST_CASE("T067 A-50: data page not present") {
  EptBench b;
  b.rights(0);
  CHECK(b.user_read() == "EPT 0x181");
  CHECK(b.gpa == Ipa{far_data + 0x123});
  CHECK(b.user_write() == "EPT 0x182");
  CHECK(b.user_fetch() == "EPT 0x184");
}

TEST_CASE("T068 A-50a: data page r--") {
  EptBench b;
  b.rights(r);
  CHECK(b.user_read() == "ok");
  CHECK(b.user_write() == "EPT 0x18a");
  CHECK(b.user_fetch() == "EPT 0x18c");
}

TEST_CASE("T069 A-50a: data page rw-") {
  EptBench b;
  b.rights(r | w);
  CHECK(b.user_fetch() == "EPT 0x19c");
}

TEST_CASE("T070 A-50a: data page r-x") {
  EptBench b;
  b.rights(r | x);
  CHECK(b.user_write() == "EPT 0x1aa");
}

TEST_CASE("T071 A-46 A-50a: execute-only, supported and not") {
  EptBench b;
  b.rights(x);
  CHECK(b.user_read() == "EPT 0x1a1");
  CHECK(b.user_write() == "EPT 0x1a2");
  CHECK(b.user_fetch() == "ok");
  BenchSpec spec = ept_spec();
  spec.cpu.ept_execute_only = false;
  EptBench without(spec);
  without.rights(x);
  CHECK(without.user_read() == "misconfig");
  CHECK(without.user_write() == "misconfig");
  CHECK(without.user_fetch() == "misconfig");
}

TEST_CASE("T072 A-46: write without read") {
  EptBench b;
  for (const std::uint64_t rights : {w, w | x}) {
    b.rights(rights);
    CHECK(b.user_read() == "misconfig");
    CHECK(b.user_write() == "misconfig");
    CHECK(b.user_fetch() == "misconfig");
    CHECK(b.engine.syndrome(b.reply.fault, b.va, {}).code == 0);
  }
}

// What A-50a's table says, put as a rule.
std::string expected(std::uint64_t rights, AccessType type, bool execute_only) {
  const bool read = rights & r, write = rights & w, execute = rights & x;
  if ((write && !read) || (execute && !read && !execute_only)) return "misconfig";
  const std::uint64_t op = std::uint64_t{1} << static_cast<unsigned>(type);
  return rights & op ? "ok" : fmt::format("EPT {:#x}", 0x180 | rights << 3 | op);
}

TEST_CASE("T073 A-47 U-23: every right at every level, 4K, 2M and 1G leaves") {
  for (const bool execute_only : {true, false})
    for (const unsigned lg2 : {12u, 21u, 30u})
      for (int h = leaf_height(lg2); h < 4; ++h)
        for (std::uint64_t rights = 0; rights < 8; ++rights)
          for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch}) {
            BenchSpec spec = ept_spec(lg2);
            spec.cpu.ept_execute_only = execute_only;
            EptBench b(spec);
            b.rights(rights, h);
            CAPTURE(h);
            CAPTURE(rights);
            CHECK(b.run({type, true}) == expected(rights, type, execute_only));
          }
}

TEST_CASE("T074 A-50: the qualification has the AND of all levels") {
  EptBench b;
  b.rights(r, 3);
  CHECK(b.user_write() == "EPT 0x18a");
}

TEST_CASE("T075 A-46: memory types") {
  for (const unsigned lg2 : {12u, 21u, 30u}) {
    const int h = leaf_height(lg2);
    EptBench b(ept_spec(lg2));
    const std::uint64_t leaf = b.leaf() & ~field_mask(5, 3);
    for (std::uint64_t type = 0; type < 8; ++type) {
      b.set_host_entry(far_data, h, leaf | type << 3);
      const bool bad = type == 2 || type == 3 || type == 7;
      CHECK(b.user_read() == (bad ? "misconfig" : "ok"));
    }
  }
}

TEST_CASE("T076 A-46: reserved bits of entries that name tables") {
  for (int h = 1; h < 4; ++h)
    for (unsigned position = 3; position <= (h == 3 ? 7u : 6u); ++position) {
      EptBench b;
      b.set_bit(h, position);
      CHECK(b.user_read() == "misconfig");
    }
  BenchSpec five = ept_spec();
  five.host_kind = PagingKind::five_level;
  for (unsigned position = 3; position <= 7; ++position) {
    EptBench b(five);
    b.set_host_entry(guest_root, 4, b.host_entry(guest_root, 4) | one(position));
    CHECK(b.user_read() == "misconfig");
  }
}

TEST_CASE("T077 A-46: reserved address bits of large leaves") {
  for (const auto& [lg2, top] : {std::pair{21u, 20u}, std::pair{30u, 29u}})
    for (unsigned position = 12; position <= top; ++position) {
      EptBench b(ept_spec(lg2));
      b.set_bit(leaf_height(lg2), position);
      CHECK(b.user_read() == "misconfig");
    }
}

TEST_CASE("T078 A-45 A-46: address bits above M, in present entries only") {
  for (const unsigned m : {36u, 40u, 46u, 51u})
    for (int h = 0; h < 4; ++h)
      for (unsigned position = m; position <= 51; ++position) {
        BenchSpec spec = ept_spec();
        spec.cpu.maxphyaddr = static_cast<std::uint8_t>(m);
        spec.data = m > 39 ? far_data : data_page;
        EptBench b(spec);
        const std::uint64_t good = b.host_entry(spec.data, h);
        b.set_host_entry(spec.data, h, good | one(position));
        CHECK(b.user_read() == "misconfig");
        if (h == 3 && m <= 39) continue;  // the guest's tables need the entry
        b.set_host_entry(spec.data, h, one(position));
        CHECK(b.user_read() == "EPT 0x181");
      }
}

TEST_CASE("T079 A-44: ignored bits") {
  for (const unsigned lg2 : {12u, 21u, 30u})
    for (int h = leaf_height(lg2); h < 4; ++h) {
      EptBench b(ept_spec(lg2));
      const bool leaf = h == leaf_height(lg2);
      for (unsigned position = 0; position < 64; ++position) {
        const bool ignored = (position >= 8 && position <= 11) || position >= 52 ||
                             (leaf && position == 6) || (h == 0 && position == 7);
        if (ignored) b.set_bit(h, position);
      }
      CHECK(b.user_read() == "ok");
      CHECK(b.user_write() == "ok");
      CHECK(b.user_fetch() == "ok");
    }
}

TEST_CASE("T088 A-52: MBEC, user fetches") {
  EptBench b(mbec_spec());
  b.rights(r | x);
  CHECK(b.user_fetch() == "EPT 0x1ac");
  b.rights(r | w | x);
  CHECK(b.user_fetch() == "EPT 0x1bc");
  b.rights(x);
  CHECK(b.user_fetch() == "EPT 0x1a4");
}

TEST_CASE("A-50a: MBEC, supervisor fetches") {
  EptBench b(mbec_spec());
  b.clear_bits(0, one(pte_us));
  b.rights(r | w | xu);
  CHECK(b.fetch() == "EPT 0x1dc");
  b.rights(r | x);
  CHECK(b.fetch() == "ok");
}

// As expected(), with XU for fetches from user pages, and in bit 6 of the qualification.
std::string expected_mbec(std::uint64_t rights, bool user, AccessType type, bool execute_only) {
  const bool read = rights & r, write = rights & w, executes = rights & (x | xu);
  if ((write && !read) || (executes && !read && !execute_only)) return "misconfig";
  const std::uint64_t op = std::uint64_t{1} << static_cast<unsigned>(type);
  const bool fetch = type == AccessType::fetch;
  if (rights & (fetch && user ? xu : op)) return "ok";
  const std::uint64_t found = (rights & 7) | (rights & xu ? 8u : 0u);
  return fmt::format("EPT {:#x}", 0x180 | found << 3 | op);
}

TEST_CASE("A-45 A-46 A-52 U-23: MBEC, every right at every level, user and supervisor pages") {
  for (const bool execute_only : {true, false})
    for (const unsigned lg2 : {12u, 21u, 30u})
      for (int h = leaf_height(lg2); h < 4; ++h)
        for (std::uint64_t drawn = 0; drawn < 16; ++drawn)
          for (const bool user : {true, false}) {
            BenchSpec spec = mbec_spec(execute_only);
            spec.host_data_lg2 = lg2;
            EptBench b(spec);
            const std::uint64_t rights = (drawn & 7) | (drawn & 8 ? xu : 0);
            b.rights(rights, h);
            if (!user) b.clear_bits(0, one(pte_us));
            CAPTURE(h);
            CAPTURE(rights);
            CAPTURE(user);
            for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch})
              CHECK(b.run({type, user}) == expected_mbec(rights, user, type, execute_only));
          }
}

TEST_CASE("T089 A-52: MBEC, only XU") {
  EptBench b(mbec_spec());
  b.rights(xu);
  CHECK(b.user_read() == "EPT 0x1c1");
  CHECK(b.user_write() == "EPT 0x1c2");
  CHECK(b.user_fetch() == "ok");
  b.clear_bits(0, one(pte_us));
  CHECK(b.fetch() == "EPT 0x1c4");
}

TEST_CASE("T090 A-46: MBEC, only XU, execute-only not supported") {
  EptBench b(mbec_spec(false));
  b.rights(xu);
  CHECK(b.user_read() == "misconfig");
  CHECK(b.user_write() == "misconfig");
  CHECK(b.user_fetch() == "misconfig");
}

TEST_CASE("T091 A-52: MBEC, everything allowed") {
  EptBench b(mbec_spec());
  b.rights(r | w | x | xu);
  CHECK(b.user_fetch() == "ok");
  b.clear_bits(0, one(pte_us));
  CHECK(b.fetch() == "ok");
}

TEST_CASE("T092 A-31: MBEC and SMEP: the guest's fault comes first") {
  EptBench b(mbec_spec());
  b.registers.cr4 |= one(cr4_smep);
  CHECK(b.fetch() == "#PF 0x11");
}

TEST_CASE("T093 A-22 A-47: the guest's rights are decided before the final access") {
  EptBench b;
  b.rights(r);
  b.clear_bits(0, one(pte_rw));
  CHECK(b.user_write() == "#PF 0x7");
}

TEST_CASE("T094 A-21: a missing guest PTE names no guest-physical address") {
  EptBench b;
  b.rights(0);
  b.clear_bits(0, one(pte_p));
  CHECK(b.user_read() == "#PF 0x4");
}

TEST_CASE("T095 A-48: a missing entry above hides a misconfigured one below") {
  EptBench b;
  b.rights(w, 2);
  b.rights(0, 3);
  CHECK(b.user_read() == "EPT 0x181");
}

TEST_CASE("T096 A-48: a misconfigured entry wins over rights denied above") {
  EptBench b;
  b.rights(r, 3);
  b.rights(w, 0);
  CHECK(b.user_write() == "misconfig");
}

}  // namespace nestwalk::x86::test
