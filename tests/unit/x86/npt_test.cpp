// Cases T100 to T106: AMD's nested paging, EXITINFO1 and EXITINFO2.
#include "bench.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t P = one(0), W = one(1), U = one(2), XD = one(63);

struct NptBench : Bench {
  explicit NptBench(PagingKind host_kind = PagingKind::four_level,
                    PagingKind guest = PagingKind::four_level)
      : Bench({.guest = guest, .host = Paging::npt, .host_kind = host_kind, .cpu = amd()}) {}
  static Cpu amd() {
    Cpu cpu;
    cpu.vendor = Vendor::amd;
    return cpu;
  }
  void set(std::uint64_t at, int h, std::uint64_t bits) {
    set_host_entry(at, h, host_entry(at, h) | bits);
  }
  void clear(std::uint64_t at, int h, std::uint64_t bits) {
    set_host_entry(at, h, host_entry(at, h) & ~bits);
  }
};

}  // namespace

TEST_CASE("T100 A-57: data page not present") {
  NptBench b;
  b.clear(data_page, 0, P);
  CHECK(b.user_read() == "#NPF 0x100000004");
  CHECK(b.gpa == Ipa{data_page + 0x123});
  CHECK(b.user_write() == "#NPF 0x100000006");
}

TEST_CASE("T101 A-58 A-59: NX of the host, whatever the guest's NXE") {
  NptBench b;
  b.registers.efer &= ~one(efer_nxe);
  b.set(data_page, 0, XD);
  CHECK(b.user_fetch() == "#NPF 0x100000015");
}

TEST_CASE("T102 A-55: nested accesses are a user's") {
  for (int h = 0; h < 3; ++h) {
    NptBench b;
    b.clear(data_page, h, U);
    CHECK(b.read() == "#NPF 0x100000005");
  }
}

TEST_CASE("T103 A-55: WP of the guest does not matter, nor the host's") {
  NptBench b;
  b.registers.cr0 &= ~one(cr0_wp);
  b.vm.host.cr0 &= ~one(cr0_wp);
  b.clear(data_page, 0, W);
  CHECK(b.write() == "#NPF 0x100000007");
}

TEST_CASE("T104 A-56: guest table walks are writes") {
  NptBench b;
  b.clear(guest_root, 0, W);
  CHECK(b.user_read() == "#NPF 0x200000007");
  CHECK(b.gpa == Ipa{b.entry_at(3)});
  CHECK(b.gpa.aligned(12) == Ipa{guest_root});
}

TEST_CASE("T105 A-58: reserved bits on the data leaf") {
  NptBench b;
  b.set(data_page, 0, one(46));
  CHECK(b.user_read() == "#NPF 0x10000000d");
  CHECK(b.user_fetch() == "#NPF 0x10000001d");
  b.vm.host.efer &= ~one(efer_nxe);
  CHECK(b.user_fetch() == "#NPF 0x10000000d");
  b.vm.host.cr4 |= one(cr4_smep);
  CHECK(b.user_fetch() == "#NPF 0x10000001d");
}

TEST_CASE("T106 A-58: reserved bits met first on the guest's table walk") {
  NptBench pml4e, pdpe;
  pml4e.set(guest_root, 3, one(8));
  pdpe.set(guest_root, 2, one(46));
  for (NptBench* b : {&pml4e, &pdpe}) {
    CHECK(b->user_read() == "#NPF 0x20000000f");
    CHECK(b->user_fetch() == "#NPF 0x20000000f");
    CHECK(b->user_write() == "#NPF 0x20000000f");
  }
}

TEST_CASE("A-59: guest NXE and SMEP do not change what #NPF reports") {
  for (const bool nxe : {false, true})
    for (const bool smep : {false, true}) {
      NptBench b;
      b.clear_bits(0, U);
      b.registers.efer = (b.registers.efer & ~one(efer_nxe)) | (nxe ? one(efer_nxe) : 0);
      if (smep) b.registers.cr4 |= one(cr4_smep);
      b.clear(data_page, 0, P);
      CHECK(b.fetch() == "#NPF 0x100000014");
      b.vm.host.efer &= ~one(efer_nxe);
      CHECK(b.fetch() == "#NPF 0x100000004");
    }
}

TEST_CASE("A-56: nested dirty flags are set for the guest's tables by reads") {
  NptBench b;
  CHECK(b.user_read() == "ok");
  CHECK(bit(b.host_entry(guest_root, 0), pte_d));
  CHECK(bit(b.host_entry(data_page, 0), pte_a));
  CHECK_FALSE(bit(b.host_entry(data_page, 0), pte_d));
  CHECK(b.user_write() == "ok");
  CHECK(bit(b.host_entry(data_page, 0), pte_d));
}

TEST_CASE("A-54: the nested tables have the host's paging mode") {
  for (const PagingKind host :
       {PagingKind::two_level, PagingKind::pae, PagingKind::four_level, PagingKind::five_level}) {
    NptBench b(host);
    CHECK(b.user_read() == "ok");
    b.clear(data_page, 0, P);
    CHECK(b.user_read() == "#NPF 0x100000004");
  }
}

TEST_CASE("A-8: a PAE guest's PDPTEs are read, and judged, by every walk") {
  NptBench b(PagingKind::four_level, PagingKind::pae);
  CHECK(b.user_read() == "ok");
  CHECK(b.entry(2) == ((guest_root + 0x1000) | 1));  // no A in a PDPTE
  for (const unsigned position : {1u, 2u, 5u, 8u, 46u, 62u, 63u}) {
    NptBench bad(PagingKind::four_level, PagingKind::pae);
    bad.set_bits(2, one(position));
    CHECK(bad.user_read() == "#PF 0xd");
  }
  b.clear_bits(2, P);
  CHECK(b.user_read() == "#PF 0x4");  // no load of CR3 is needed
}

TEST_CASE("A-14: PDPTEs of a PAE host carry no rights") {
  NptBench b(PagingKind::pae);
  CHECK(b.host_entry(data_page, 2) % 8 == P);
  CHECK(b.user_write() == "ok");
  b.set(data_page, 2, W);
  CHECK(b.user_read() == "#NPF 0x10000000d");
}

TEST_CASE("A-54: guest-physical addresses beyond a 32-bit host's reach") {
  NptBench b(PagingKind::two_level);
  b.set_bits(0, one(32));
  CHECK(b.user_read() == "#NPF 0x100000004");
}

}  // namespace nestwalk::x86::test
