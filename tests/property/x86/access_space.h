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

// Goes through every legal point, registers changing slowest, then entries, then the access.
class AccessPoints {
 public:
  explicit AccessPoints(const SpaceSpec& spec)
      : spec_(spec),
        registers_end_(1u << (2 + (spec.smep ? 1 : 0) + (spec.pku ? 3 : 0))),
        entries_end_(1u << (14 + (spec.pku ? 1 : 0))) {}
  // The next point; false: there is none.
  bool next(AccessPoint& point);

 private:
  static constexpr unsigned access_end_ = 16, reserved_end_ = 6;
  // The next state of what is named and of what changes slower; false: there is none.
  bool next_reserved();
  bool next_entries();
  bool next_registers();
  // Puts a state of it into the point; false: it is not legal.
  bool take_access(unsigned bits);
  bool take_reserved(unsigned choice);
  void take_entries(unsigned bits);
  bool take_registers(unsigned bits);

  SpaceSpec spec_;
  unsigned registers_end_, entries_end_;
  AccessPoint point_{};
  unsigned access_ = access_end_, reserved_ = reserved_end_, entries_ = entries_end_,
           registers_ = 0;  // states to come
};

// Calls visit(point) for every legal point; returns how many.
template <class Visit>
std::uint64_t for_each_point(const SpaceSpec& spec, Visit visit) {
  AccessPoints points(spec);
  AccessPoint point{};
  std::uint64_t count = 0;
  for (; points.next(point); ++count) visit(static_cast<const AccessPoint&>(point));
  return count;
}

}  // namespace nestwalk::x86::test
