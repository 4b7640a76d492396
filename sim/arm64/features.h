// What the modelled processor implements (the ID registers' view), the choices that the Arm ARM
// leaves to an implementation, and where an emulator departs from it. All are fixed for a run.
#pragma once
#include <array>
#include <cstdint>

#include "arm64/granule.h"

namespace nestwalk::arm64 {

struct Features {
  std::uint8_t pa_bits = 48;                                 // PAMax: 32, 36, 40, 42, 44, 48 or 52
  std::array<bool, 3> stage1_granules = {true, true, true};  // by Granule
  std::array<bool, 3> stage2_granules = {true, true, true};
  bool lpa = false;         // 52-bit physical addresses with the 64K granule
  bool lva = false;         // 52-bit virtual addresses with the 64K granule
  bool lpa2 = false;        // 52-bit addresses with 4K and 16K (TCR.DS, VTCR.DS), both stages
  bool ttst = false;        // small tables: TxSZ up to 48
  bool xnx = true;          // execute-never for EL0 and EL1 apart, at stage 2
  std::uint8_t hafdbs = 2;  // 0: none; 1: access flag; 2: access flag and dirty state
  bool asid16 = true, vmid16 = true;
  bool vhe = true;
  std::uint8_t pan = 2;  // 0: none; 1: PAN; 2: PAN2; 3: PAN3 (EPAN)
  bool uao = true;
  bool e0pd = true;
  bool hpds = true;
  bool tbid = true;  // TBI for data only (FEAT_PAuth)
  bool fwb = true;
  bool nv1 = false;       // FEAT_NV: HCR_EL2.NV1 changes the EL1&0 permissions
  bool ttl = true;        // level hints of TLBI
  bool tlb_range = true;  // range forms of TLBI
  std::uint8_t bbm = 2;   // FEAT_BBML1..3; 0: none

  // The processor with every feature that this model knows, 52-bit addresses included.
  static constexpr Features all() {
    Features f;
    f.pa_bits = 52;
    f.lpa = f.lva = f.lpa2 = f.ttst = true;
    return f;
  }
};

// CONSTRAINED UNPREDICTABLE and IMPLEMENTATION DEFINED choices: each value is an Arm processor.
struct Knobs {
  enum class TxSz : std::uint8_t { fault, clamp };
  // TxSZ below its minimum (`clamp` is not legal with FEAT_LPA, and then taken as `fault`).
  TxSz txsz_below_min = TxSz::fault;
  TxSz txsz_above_max = TxSz::fault;

  // A member of a contiguous run whose output address does not fit its place in the run: `run`
  // takes the run's base from it and the rest from the input address (as the Arm ASL does), `page`
  // takes it as it stands, `conflict` gives a TLB conflict abort.
  enum class Misprogrammed : std::uint8_t { run, page, conflict };
  Misprogrammed contig_misprog = Misprogrammed::page;
  // Whether a TLB entry covers the whole run, so that a hole in it may hit; else one member only,
  // and a hole faults (contig_hole).
  bool contig_cached = true;
  // A run larger than the input address space: a Translation fault, or the hint is ignored.
  bool contig_too_large_faults = false;
  // A block with nT = 1: a Translation fault, or mapped, but kept by no TLB.
  bool nt_faults = false;

  // With hardware's access flag: whether it is set by an access that is then denied (Permission,
  // Alignment).
  bool access_flag_on_denied = false;
  // A stage-1 descriptor cannot be updated, as stage 2 denies it, and the final address faults at
  // stage 2 too: which fault is reported (R_LXCKP).
  enum class UpdateFault : std::uint8_t { table_walk, final_address };
  UpdateFault update_fault = UpdateFault::table_walk;
  // Two TLB entries map the address of an access: a TLB conflict abort (never with FEAT_BBML3), or
  // any of the two.
  enum class Conflict : std::uint8_t { any, abort };
  Conflict tlb_conflict = Conflict::any;

  // TLBI removes the least that is required. Else as processors do that hold combined entries only:
  // by IPA, all of the VMID goes; and forms for the last level take walk caches too.
  bool tlbi_strict = true;
  // TLBI with a level hint: whether an entry of another size stays (the least that is required).
  bool wrong_ttl_keeps = true;
  // HPFAR_EL2 after a stage-2 Permission fault of the access itself: zero stands for UNKNOWN.
  bool hpfar_on_permission = false;
};

// Where an emulator is known to depart from the Arm ARM. No processor has these: they serve to
// compare with what such a machine has executed (vectors/), and no TranslationSpec names them.
struct Departures {
  // A clean leaf whose dirty state hardware manages does not count as writable where writability
  // forbids execution (WXN; EL1 from what EL0 may write).
  bool clean_is_executable = false;
  // With an output size of 48 bits or less, the address bits above 47 that descriptors keep in
  // their low halves are not looked at, and give no Address size fault.
  bool low_halves_ignored = false;
  // With 52-bit addresses bits 5:4 of a TTBR, address bits 51:50, are bits of the base as well if
  // the root is of less than 64 bytes.
  bool root_keeps_bits_5_4 = false;
  // VTCR_EL2.PS, not PAMax, limits stage 2's input size and start level.
  bool stage2_judged_by_ps = false;
};

}  // namespace nestwalk::arm64
