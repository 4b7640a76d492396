// The space of page-table flags, registers and accesses that kvm-unit-tests' access test enumerates
// (x86 specification 6.1), and what must come of each point (6.2), restated: an oracle that shares
// no code with the walker. The test address has a PTE and a PDE of its own; above are a PDPTE, of
// which only R/W varies, and a PML4E that allows everything.
#pragma once
#include <cstdint>

namespace nestwalk::x86::test {

struct AccessPoint {
  bool pte_writable, pte_user, pte_accessed, pte_dirty, pte_present, pte_nx, pte_51, pte_36;
  bool pde_writable, pde_user, pde_accessed, pde_dirty, pde_present, pde_nx, pde_51, pde_36, pde_13;
  bool pde_large, pdpte_read_only;
  bool key_1, access_disable, write_disable;  // PKRU bits of key 1; key 2 is always denied
  bool user, write, fetch, twice;             // the access; twice: a supervisor read comes first
  bool nxe, write_protect, smep, pke;         // registers

  std::uint64_t pte() const;
  std::uint64_t pde() const;
  std::uint64_t pdpte() const;
  std::uint32_t pkru() const;
};

inline constexpr std::uint64_t pml4_page = 0x2000000 + 0x100000, pdpt_page = pml4_page + 0x1000,
                               pd_page = pml4_page + 0x2000, pt_page = pml4_page + 0x3000,
                               leaf_page = 0x2000000, test_address = 0x123400000000;

struct AccessOutcome {
  bool fault = false;
  std::uint64_t code = 0;  // of the fault
  std::uint64_t pte = 0, pde = 0;
  std::uint64_t pde_mask = ~std::uint64_t{0};  // bits of the PDE that are certain
};

AccessOutcome expected_outcome(const AccessPoint& point);

// Which part of the space. Points have at most one reserved bit; bits 51 and 36 are only used where
// they are reserved.
struct SpaceSpec {
  unsigned maxphyaddr = 46;
  bool pku = false;   // with protection keys
  bool smep = false;  // with CR4.SMEP too (the original leaves it to a special test)
};

// Calls visit(point) for every legal point, registers changing slowest; returns how many.
template <class Visit>
std::uint64_t for_each_point(const SpaceSpec& spec, Visit visit);

// --- implementation of the enumeration ---

inline bool take(std::uint64_t& bits) {
  const bool lowest = bits & 1;
  bits >>= 1;
  return lowest;
}

// One reserved bit, or none: 0 none, 1 to 5 the PTE's 51 and 36, the PDE's 51, 36 and 13. XD bits
// count as reserved while NXE is off.
inline bool choose_reserved(AccessPoint& point, unsigned choice, const SpaceSpec& spec) {
  point.pte_51 = choice == 1;
  point.pte_36 = choice == 2;
  point.pde_51 = choice == 3;
  point.pde_36 = choice == 4;
  point.pde_13 = choice == 5;
  if ((point.pte_51 || point.pde_51) && spec.maxphyaddr >= 52) return false;
  if ((point.pte_36 || point.pde_36) && spec.maxphyaddr >= 37) return false;
  if (point.pde_13 && !point.pde_large) return false;
  const unsigned nx = point.nxe ? 0u : unsigned{point.pte_nx} + point.pde_nx;
  return nx + (choice != 0) <= 1;
}

template <class Visit>
std::uint64_t for_each_point(const SpaceSpec& spec, Visit visit) {
  std::uint64_t count = 0;
  const unsigned register_bits = 2u + (spec.smep ? 1 : 0) + (spec.pku ? 3 : 0);
  for (std::uint64_t registers = 0; registers < std::uint64_t{1} << register_bits; ++registers) {
    AccessPoint point{};
    std::uint64_t bits = registers;
    point.nxe = take(bits);
    point.write_protect = take(bits);
    point.smep = spec.smep && take(bits);
    point.pke = spec.pku && take(bits);
    point.access_disable = spec.pku && take(bits);
    point.write_disable = spec.pku && take(bits);
    if ((point.access_disable || point.write_disable) && !point.pke) continue;
    const unsigned entry_bits = 14u + (spec.pku ? 1 : 0);
    for (std::uint64_t entries = 0; entries < std::uint64_t{1} << entry_bits; ++entries) {
      bits = entries;
      point.pte_writable = take(bits);
      point.pte_user = take(bits);
      point.pte_accessed = take(bits);
      point.pte_dirty = take(bits);
      point.pte_nx = take(bits);
      point.pte_present = take(bits);
      point.pde_writable = take(bits);
      point.pde_user = take(bits);
      point.pde_accessed = take(bits);
      point.pde_dirty = take(bits);
      point.pde_large = take(bits);
      point.pde_nx = take(bits);
      point.pde_present = take(bits);
      point.pdpte_read_only = take(bits);
      point.key_1 = spec.pku && take(bits);
      for (unsigned reserved = 0; reserved <= 5; ++reserved) {
        if (!choose_reserved(point, reserved, spec)) continue;
        for (std::uint64_t access = 0; access < 16; ++access) {
          bits = access;
          point.user = take(bits);
          point.write = take(bits);
          point.fetch = take(bits);
          point.twice = take(bits);
          if (point.fetch && point.write) continue;
          ++count;
          visit(static_cast<const AccessPoint&>(point));
        }
      }
    }
  }
  return count;
}

}  // namespace nestwalk::x86::test
