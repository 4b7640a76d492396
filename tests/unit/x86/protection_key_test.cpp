// Cases T036 to T043: protection keys of user pages (PKU), and the same for supervisor pages (PKS).
#include "bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), W = one(1), U = one(2), key_1 = one(59), key_2 = one(60);
constexpr std::uint32_t ad1 = one(2), wd1 = one(3), ad2 = one(4);

// PKU on, the page has key 1.
struct KeyBench : Bench {
  explicit KeyBench(std::uint32_t pkru) {
    registers.cr4 |= one(cr4_pke);
    registers.pkru = pkru;
    set_bits(0, key_1);
  }
};

}  // namespace

TEST_CASE("T036 A-32: access disable") {
  KeyBench b(ad1);
  CHECK(b.user_read() == "#PF 0x25");
  CHECK(b.user_write() == "#PF 0x27");
  CHECK(b.read() == "#PF 0x21");
  CHECK(b.user_fetch() == "ok");
}

TEST_CASE("T037 A-32: write disable") {
  KeyBench b(wd1);
  CHECK(b.user_write() == "#PF 0x27");
  CHECK(b.write() == "#PF 0x23");
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.write() == "ok");
  CHECK(b.user_read() == "ok");
}

TEST_CASE("T038 A-42: PK and the write violation together") {
  KeyBench b(ad1);
  b.clear_bits(0, W);
  CHECK(b.user_write() == "#PF 0x27");
}

TEST_CASE("T039 A-32: PKRU does not concern supervisor pages") {
  KeyBench b(ad1);
  b.clear_bits(0, U);
  CHECK(b.read() == "ok");
  CHECK(b.user_read() == "#PF 0x5");
}

TEST_CASE("T040 A-32: WP does not lift access disable") {
  KeyBench b(ad1);
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.write() == "#PF 0x23");
}

TEST_CASE("T041 A-32: key bits of an upper entry are ignored") {
  KeyBench b(ad2);
  b.clear_bits(0, key_1);
  b.set_bits(1, key_2);
  CHECK(b.user_read() == "ok");
}

TEST_CASE("T042 A-32: no effect without CR4.PKE") {
  KeyBench b(~0u);
  b.registers.cr4 &= ~one(cr4_pke);
  for (const bool user : {true, false})
    for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch})
      CHECK(b.run({type, user}) == "ok");
}

TEST_CASE("T043 A-32: no PK on a page that is not present") {
  KeyBench b(ad1);
  b.clear_bits(0, P);
  CHECK(b.user_read() == "#PF 0x4");
}

TEST_CASE("A-33: PKS concerns supervisor pages") {
  Bench b;
  b.registers.cr4 |= one(cr4_pks);
  b.set_bits(0, key_1);
  b.registers.pkrs = ad1;
  CHECK(b.user_read() == "ok");  // a user page
  b.clear_bits(0, U);
  CHECK(b.read() == "#PF 0x21");
  CHECK(b.fetch() == "ok");
  b.registers.pkrs = wd1;
  CHECK(b.read() == "ok");
  CHECK(b.write() == "#PF 0x23");
  b.registers.cr0 &= ~one(cr0_wp);
  CHECK(b.write() == "ok");
  b.registers.cr4 &= ~one(cr4_pks);
  b.registers.cr0 |= one(cr0_wp);
  CHECK(b.write() == "ok");
}

}  // namespace nestwalk::x86::test
