// What operations must remove of the translations that a processor has cached, said plainly, one
// rule a line: A-70 to A-94 (SDM vol. 3, 5.10.4.1 and 30.4.3; APM vol. 2, 15.16). Shares no code
// with sim/x86; the property tests compare the two.
#pragma once
#include <compare>
#include <cstdint>
#include <iosfwd>
#include <optional>

namespace nestwalk::x86::test {

// One cached translation, or part of one. Pieces are never forgotten but by a rule.
struct Piece {
  enum class Kind : std::uint8_t {
    tlb,          // linear or combined mapping: a page
    walk,         // the same: a table of a paging-structure cache
    stage2,       // guest-physical mapping: a page
    stage2_walk,  // the same: a table
  };
  Kind kind = Kind::tlb;
  std::uint64_t address = 0;  // linear, or guest-physical for the last two kinds
  unsigned lg2 = 12;          // what it covers; of a page: the whole leaf that it comes from
  std::uint16_t pcid = 0, vm = 0, root = 0;  // vm: VPID or ASID; root: the EPT's, 0: none
  bool global = false;

  // What it says.
  unsigned size_lg2 = 12;               // of a page: how much of the leaf
  unsigned height = 0;                  // of a table
  std::uint64_t out = 0;                // the frame, or the table's (guest-)physical address
  std::optional<std::uint64_t> host{};  // a table's physical address, if there are two stages
  bool writable = true, user = true;    // the rights of the path
  bool host_writable = true;            // of a linear page: the second stage's

  bool linear() const { return kind == Kind::tlb || kind == Kind::walk; }
  bool covers(std::uint64_t at) const { return at >> lg2 == address >> lg2; }
  auto operator<=>(const Piece&) const = default;
};

struct Operation {
  enum class Kind : std::uint8_t {
    invlpg,
    invpcid_0,
    invpcid_1,
    invpcid_2,
    invpcid_3,
    mov_cr3,
    mov_cr3_keep,  // bit 63
    toggle_pge,
    pcide_off,
    paging_off,
    smep_on,
    smep_off,
    task_switch,
    page_fault,
    ept_violation,
    transition_without_vpid,
    transition_with_vpid,
    invvpid_0,
    invvpid_1,
    invvpid_2,
    invvpid_3,
    invept_1,
    invept_2,
    invlpga,
    vmrun_all,
    vmrun_this,
    vmrun_this_non_global,
  };
  static constexpr unsigned kinds = 27;
  Kind kind = Kind::invlpg;
  // Operands, where the kind has them.
  std::uint64_t linear = 0, guest_physical = 0;
  std::uint16_t pcid = 0, vm = 0, root = 0;
};
const char* name_of(Operation::Kind kind);
std::ostream& operator<<(std::ostream& out, const Operation& operation);

// The processor's state when it executes the operation.
struct CurrentTag {
  std::uint16_t pcid = 0, vm = 0, root = 0;
};

bool must_go(const Operation& operation, const CurrentTag& now, const Piece& piece);

}  // namespace nestwalk::x86::test
