// The registers that govern translation, by their architectural names (SDM vol. 3, 2.5 and 5.1.1;
// APM vol. 2, 3.1). Raw values, with accessors for the bits that matter. Writing them with all the
// checks and invalidations of MOV is control_registers.h.
#pragma once
#include <array>
#include <cstdint>

#include "common/base/bits.h"
#include "x86/cpu.h"

namespace nestwalk::x86 {

// How CR0, CR4 and EFER make addresses (SDM 5.1.1).
enum class PagingKind : std::uint8_t { off, two_level, pae, four_level, five_level };

inline constexpr unsigned cr0_pe = 0, cr0_wp = 16, cr0_nw = 29, cr0_cd = 30, cr0_pg = 31;
inline constexpr unsigned cr4_pse = 4, cr4_pae = 5, cr4_pge = 7, cr4_la57 = 12, cr4_pcide = 17,
                          cr4_smep = 20, cr4_smap = 21, cr4_pke = 22, cr4_pks = 24;
inline constexpr unsigned efer_lme = 8, efer_lma = 10, efer_nxe = 11, efer_svme = 12, efer_tce = 15;
inline constexpr unsigned rflags_ac = 18;

struct Registers {
  std::uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
  std::uint64_t rflags = 0;
  std::uint32_t pkru = 0, pkrs = 0;
  std::array<std::uint64_t, 4> pdptes{};  // PAE only: loaded by MOV CR3 and others (SDM 5.4.1)

  bool paging() const { return bit(cr0, cr0_pg); }
  bool write_protect() const { return bit(cr0, cr0_wp); }
  bool pse() const { return bit(cr4, cr4_pse); }
  bool pae() const { return bit(cr4, cr4_pae); }
  bool page_global() const { return bit(cr4, cr4_pge); }
  bool la57() const { return bit(cr4, cr4_la57); }
  bool pcide() const { return bit(cr4, cr4_pcide); }
  bool smep() const { return bit(cr4, cr4_smep); }
  bool smap() const { return bit(cr4, cr4_smap); }
  bool pke() const { return bit(cr4, cr4_pke); }
  bool pks() const { return bit(cr4, cr4_pks); }
  bool long_mode() const { return bit(efer, efer_lma); }
  bool no_execute() const { return bit(efer, efer_nxe); }
  bool svme() const { return bit(efer, efer_svme); }
  bool translation_cache_extension() const { return bit(efer, efer_tce); }
  bool alignment_check() const { return bit(rflags, rflags_ac); }

  PagingKind paging_kind() const {
    if (!paging()) return PagingKind::off;
    if (!pae()) return PagingKind::two_level;
    if (!long_mode()) return PagingKind::pae;
    return la57() ? PagingKind::five_level : PagingKind::four_level;
  }
  std::uint16_t pcid() const {
    return pcide() ? static_cast<std::uint16_t>(bits(cr3, 11, 0)) : std::uint16_t{0};
  }
  // Whether #PF error codes tell fetches apart (SDM 5.7, bit 4).
  bool reports_fetches() const { return (pae() && no_execute()) || smep(); }
};

// What the hypervisor has set up for the guest that runs now.
struct VirtualMachine {
  enum class Paging : std::uint8_t { none, ept, npt };
  Paging paging = Paging::none;
  std::uint16_t id = 0;  // VPID or ASID; 0: the host, or a guest without an identifier

  std::uint64_t eptp = 0;
  bool mode_based_execute = false;  // "mode-based execute control for EPT"

  std::uint64_t ncr3 = 0;
  Registers host;  // AMD: CR0, CR4 and EFER of the host give the nested tables their mode
};

// AMD reads PAE's PDPTEs on every walk when paging is nested (APM vol. 2, 15.25.10).
inline bool pdptes_in_memory(const Cpu& cpu, const VirtualMachine& vm) {
  return vm.paging == VirtualMachine::Paging::npt || cpu.quirks.pdptes_read_by_walks;
}

}  // namespace nestwalk::x86
