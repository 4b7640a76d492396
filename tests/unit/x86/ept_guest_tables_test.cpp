// Cases T080 to T087 and T097 to T099: EPT on the path of the guest's tables, its accessed and
// dirty flags, advanced exit information, EPT pointers.
#include "bench.h"
#include "x86/eptp.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t guest_pt = guest_root + 0x3000;  // page table of a 4-level guest
constexpr std::uint64_t r = 1, w = 2, x = 4;
constexpr std::uint64_t A = one(pte_a), D = one(pte_d);

struct TableBench : Bench {
  explicit TableBench(bool accessed_dirty)
      : Bench({.host = Paging::ept, .ept_accessed_dirty = accessed_dirty}) {}
  void rights(std::uint64_t rwx) { set_rights(guest_pt, 0, rwx); }
  // The outcomes of a user's read, write and fetch.
  std::vector<std::string> all() { return {user_read(), user_write(), user_fetch()}; }
};
using Outcomes = std::vector<std::string>;

}  // namespace

TEST_CASE("T080 A-49 A-50a: the guest's page table is not mapped") {
  TableBench off(false), on(true);
  off.rights(0);
  on.rights(0);
  CHECK(off.all() == Outcomes{"EPT 0x81", "EPT 0x81", "EPT 0x81"});
  CHECK(off.gpa == Ipa{off.entry_at(0)});
  CHECK(on.all() == Outcomes{"EPT 0x83", "EPT 0x83", "EPT 0x83"});
  CHECK(on.gpa == Ipa{on.entry_at(0)});
}

TEST_CASE("T081 A-50a: A must be set in a read-only guest table") {
  TableBench b(false);
  b.rights(r);
  for (int i = 0; i < 3; ++i) {
    b.clear_bits(0, A);
    const Access access{static_cast<AccessType>(i), true};
    CHECK(b.run(access) == "EPT 0x8b");
    CHECK((b.entry(0) & A) == 0);
  }
}

TEST_CASE("T082 A-50a: only D must be set") {
  TableBench b(false);
  b.rights(r);
  b.clear_bits(0, D);
  CHECK(b.all() == Outcomes{"ok", "EPT 0x8b", "ok"});
}

TEST_CASE("T083 A-50a: nothing must be set") {
  TableBench b(false);
  b.rights(r);
  CHECK(b.all() == Outcomes{"ok", "ok", "ok"});
}

TEST_CASE("T084 A-49: with EPT A/D table reads are writes") {
  TableBench b(true);
  b.rights(r);
  CHECK(b.all() == Outcomes{"EPT 0x8b", "EPT 0x8b", "EPT 0x8b"});
}

TEST_CASE("T085 A-50a: the same, r-x") {
  TableBench b(true);
  b.rights(r | x);
  CHECK(b.all() == Outcomes{"EPT 0xab", "EPT 0xab", "EPT 0xab"});
}

TEST_CASE("T086 A-51: EPT A at all levels, D on both leaves only") {
  TableBench b(true);
  b.rights(r | w);
  b.clear_bits(0, A | D);
  for (const std::uint64_t gpa : {guest_pt, data_page})
    for (int h = 0; h < 4; ++h)
      b.set_host_entry(gpa, h, b.host_entry(gpa, h) & ~(one(ept_a) | one(ept_d)));
  CHECK(b.user_write() == "ok");
  CHECK((b.entry(0) & (A | D)) == (A | D));
  for (const std::uint64_t gpa : {guest_pt, data_page})
    for (int h = 0; h < 4; ++h) {
      CHECK(bit(b.host_entry(gpa, h), ept_a));
      CHECK(bit(b.host_entry(gpa, h), ept_d) == (h == 0));
    }
}

TEST_CASE("T087 A-51: after a read D is set for the guest's tables, not for the data") {
  TableBench b(true);
  CHECK(b.user_read() == "ok");
  CHECK(bit(b.host_entry(data_page, 0), ept_a));
  CHECK_FALSE(bit(b.host_entry(data_page, 0), ept_d));
  for (std::uint64_t table = guest_root; table <= guest_pt; table += 0x1000)
    CHECK(bit(b.host_entry(table, 0), ept_d));
}

TEST_CASE("A-51: without EPTP bit 6 no flag of EPT is touched") {
  TableBench b(false);
  CHECK(b.user_write() == "ok");
  CHECK(b.port.updates.empty());
}

TEST_CASE("T097 A-49 A-50: PDPTE loads have no linear address") {
  Bench b({.guest = PagingKind::pae, .host = Paging::ept});
  b.set_rights(guest_root, 0, 0);
  b.engine.set(b.registers, b.vm);
  const LoadOutcome load = b.engine.move_to_cr3(guest_root, b.caches, b.port);
  CHECK_FALSE(load.general_protection);
  const Syndrome syndrome = b.engine.syndrome(load.fault, Va{}, {});
  CHECK(outcome_text(syndrome) == "EPT 0x1");
  CHECK(syndrome.guest_physical == Ipa{guest_root});
}

// SDM 30.3.3.2 and 30.3.5: not a write, other than the accesses of walks.
TEST_CASE("A-49 A-51: PDPTE loads are reads even with EPT A/D") {
  Bench b({.guest = PagingKind::pae, .host = Paging::ept, .ept_accessed_dirty = true});
  b.set_rights(guest_root, 0, r);
  b.engine.set(b.registers, b.vm);
  const LoadOutcome load = b.engine.move_to_cr3(guest_root, b.caches, b.port);
  CHECK_FALSE(load.fault);
  CHECK_FALSE(load.general_protection);
  CHECK(bit(b.host_entry(guest_root, 0), ept_a));
  CHECK_FALSE(bit(b.host_entry(guest_root, 0), ept_d));
  b.set_rights(guest_root, 0, x);
  const LoadOutcome denied = b.engine.move_to_cr3(guest_root, b.caches, b.port);
  CHECK(outcome_text(b.engine.syndrome(denied.fault, Va{}, {})) == "EPT 0x21");
}

TEST_CASE("A-49: MOV CR3 without PDPTEs to load makes no access") {
  Bench b({.host = Paging::ept});
  b.set_rights(guest_root, 0, 0);
  b.engine.set(b.registers, b.vm);
  b.port.reset();
  const LoadOutcome load = b.engine.move_to_cr3(guest_root, b.caches, b.port);
  CHECK_FALSE(load.fault);
  CHECK(b.port.reads.empty());
}

TEST_CASE("T098 A-53: a guest-physical address too wide for four levels") {
  BenchSpec spec{.host = Paging::ept};
  spec.cpu.maxphyaddr = 52;
  Bench b(spec);
  b.set_bits(0, one(48));
  CHECK(b.user_read() == "EPT 0x181");
  CHECK(b.gpa == Ipa{one(48) | data_page | 0x123});
  spec.cpu.ept_wide_address_violates = false;
  Bench lenient(spec);
  lenient.set_bits(0, one(48));
  CHECK(lenient.user_read() == "ok");
}

TEST_CASE("T099 A-43: EPT pointers that VM entry refuses") {
  const Cpu cpu;
  const auto valid = [&](std::uint64_t raw) { return !eptp_error(Eptp{raw}, cpu); };
  const std::uint64_t good = make_eptp(0x1000, 4, false).raw;
  CHECK(valid(good));
  CHECK(valid(make_eptp(0x1000, 5, true).raw));
  const auto with = [&](unsigned high, unsigned low, std::uint64_t value) {
    return (good & ~field_mask(high, low)) | value << low;
  };
  for (std::uint64_t length = 0; length < 8; ++length)
    CHECK(valid(with(5, 3, length)) == (length == 3 || length == 4));
  for (std::uint64_t type = 0; type < 8; ++type)
    CHECK(valid(with(2, 0, type)) == (type == 0 || type == 6));
  for (unsigned position = 7; position < 12; ++position) CHECK_FALSE(valid(good | one(position)));
  for (unsigned position = 46; position < 64; ++position) CHECK_FALSE(valid(good | one(position)));
  Cpu old;
  old.ept_accessed_dirty = old.ept_five_levels = old.ept_uncacheable = false;
  CHECK(eptp_error(make_eptp(0x1000, 4, true), old) == "accessed and dirty flags");
  CHECK(eptp_error(make_eptp(0x1000, 5, false), old) == "walk length");
  CHECK(eptp_error(Eptp{with(2, 0, 0)}, old) == "memory type");
}

TEST_CASE("A-50: advanced exit information, bits 9 to 11") {
  BenchSpec spec{.host = Paging::ept};
  spec.cpu.ept_advanced_exit_info = true;
  Bench b(spec);
  b.set_rights(data_page, 0, 0);
  CHECK(b.user_read() == "EPT 0x781");  // user, writable, executable
  b.clear_bits(0, one(pte_rw));
  CHECK(b.user_read() == "EPT 0x381");
  b.set_bits(0, one(pte_xd));
  CHECK(b.user_read() == "EPT 0xb81");
  b.clear_bits(1, one(pte_us));
  CHECK(b.read() == "EPT 0x981");
  spec.guest = PagingKind::off;
  Bench unpaged(spec);
  unpaged.set_rights(data_page, 0, 0);
  CHECK(unpaged.read() == "EPT 0x781");
  Bench tables({.host = Paging::ept, .cpu = spec.cpu});
  tables.set_rights(guest_pt, 0, 0);
  CHECK(tables.user_read() == "EPT 0x81");
}

TEST_CASE("A-50: a read-modify-write is both") {
  Bench b({.host = Paging::ept});
  b.set_rights(data_page, 0, r);
  Access access{AccessType::write, true};
  access.read_modify_write = true;
  CHECK(b.run(access) == "EPT 0x18b");
}

}  // namespace nestwalk::x86::test
