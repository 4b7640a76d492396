// What a processor model can do: the CPUID and VMX capabilities that translation depends on.
#pragma once
#include <algorithm>
#include <cstdint>

namespace nestwalk::x86 {

enum class Vendor : std::uint8_t { intel, amd };

// Where an emulator is known to depart from the manuals. No processor has these: they serve to
// compare with what such a machine has executed (vectors/).
struct Quirks {
  bool pdptes_read_by_walks = false;    // PAE, not nested: no PDPTE registers, no #GP by MOV CR3
  bool pdpte_low_bits_ignored = false;  // PAE: bits 8:5 and 2:1 of PDPTEs are not reserved
  bool four_mib_pages_reach_40_bits = false;  // PSE-36 addresses above MAXPHYADDR are not reserved
  bool upper_bit8_ignored = false;            // AMD: bit 8 of PML4Es and PML5Es is not reserved

  constexpr Quirks operator|(const Quirks& q) const {
    return {pdptes_read_by_walks || q.pdptes_read_by_walks,
            pdpte_low_bits_ignored || q.pdpte_low_bits_ignored,
            four_mib_pages_reach_40_bits || q.four_mib_pages_reach_40_bits,
            upper_bit8_ignored || q.upper_bit8_ignored};
  }
};

struct Cpu {
  Vendor vendor = Vendor::intel;
  std::uint8_t maxphyaddr = 46;  // M: physical-address bits, 36..52
  bool gib_pages = true;         // CPUID 80000001H EDX.Page1GB
  // Physical-address bits that a 4 MiB page reaches: 32 (no PSE-36), 36 or 40.
  std::uint8_t pse36_address_bits = 40;
  bool ept_execute_only = true;         // IA32_VMX_EPT_VPID_CAP bit 0
  bool ept_five_levels = true;          // bit 7
  bool ept_uncacheable = true;          // bit 8: EPTP memory type 0
  bool ept_accessed_dirty = true;       // bit 21
  bool ept_advanced_exit_info = false;  // bit 22: exit-qualification bits 9 to 11
  // A 4-level EPT given a guest-physical address above 48 bits: a violation, or the upper bits are
  // not looked at. The manuals read leave it open.
  bool ept_wide_address_violates = true;
  // The same of 4-level nested paging: a fault, or bits 51:48 are not looked at.
  bool npt_wide_address_faults = true;

  Quirks quirks;

  std::uint8_t four_mib_page_bits() const {
    return quirks.four_mib_pages_reach_40_bits ? std::uint8_t{40}
                                               : std::min(maxphyaddr, pse36_address_bits);
  }
};

}  // namespace nestwalk::x86
