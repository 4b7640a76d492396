#include "property/x86/invalidation_rules.h"

#include <fmt/format.h>

#include <array>
#include <ostream>

namespace nestwalk::x86::test {

bool must_go(const Operation& op, const CurrentTag& now, const Piece& p) {
  const bool mine = p.linear() && p.vm == now.vm;
  const bool named = p.linear() && p.vm == op.vm;
  const bool walk = p.kind == Piece::Kind::walk;
  const bool in_pcid = p.global || p.pcid == now.pcid;
  const bool of_pcid = !p.global && p.pcid == op.pcid;
  switch (op.kind) {
    using enum Operation::Kind;
    case invlpg:  // its page, globals too; of the paging-structure caches, all of the PCID
      return mine && in_pcid && (walk || p.covers(op.linear));
    case invpcid_0:
      return mine && of_pcid && p.covers(op.linear);
    case invpcid_1:
      return mine && of_pcid;
    case invpcid_2:
      return mine;
    case invpcid_3:
      return mine && !p.global;
    case mov_cr3:
      return mine && of_pcid;
    case mov_cr3_keep:
      return false;
    case toggle_pge:
    case pcide_off:
    case paging_off:
      return mine;
    case smep_on:
      return mine && in_pcid;
    case smep_off:
      return false;
    case task_switch:
      return mine && !p.global && p.pcid == 0;
    case page_fault:
      return mine && in_pcid && p.covers(op.linear);
    case ept_violation:
      if (p.root != now.root) return false;
      return p.linear() ? mine && in_pcid && p.covers(op.linear) : p.covers(op.guest_physical);
    case transition_without_vpid:
      return p.linear() && p.vm == 0;
    case transition_with_vpid:
      return false;
    case invvpid_0:
      return named && p.covers(op.linear);
    case invvpid_1:
      return named;
    case invvpid_2:
      return p.linear() && p.vm != 0;
    case invvpid_3:
      return named && !p.global;
    case invept_1:
      return p.root == op.root;
    case invept_2:
      return p.root != 0;
    case invlpga:
      return named && (walk || p.covers(op.linear));
    case vmrun_all:  // guest-physical too, as for the next two
      return true;
    case vmrun_this:
      return p.vm == op.vm;
    case vmrun_this_non_global:
      return p.vm == op.vm && !p.global;
  }
  return false;
}

const char* name_of(Operation::Kind kind) {
  static constexpr std::array<const char*, Operation::kinds> names{
      "INVLPG",
      "INVPCID 0",
      "INVPCID 1",
      "INVPCID 2",
      "INVPCID 3",
      "MOV CR3",
      "MOV CR3 with bit 63",
      "MOV CR4 toggling PGE",
      "MOV CR4 clearing PCIDE",
      "MOV CR0 clearing PG",
      "MOV CR4 setting SMEP",
      "MOV CR4 clearing SMEP",
      "task switch",
      "#PF",
      "EPT violation",
      "VM transition without VPID",
      "VM transition with VPID",
      "INVVPID 0",
      "INVVPID 1",
      "INVVPID 2",
      "INVVPID 3",
      "INVEPT 1",
      "INVEPT 2",
      "INVLPGA",
      "VMRUN flushing all ASIDs",
      "VMRUN flushing its ASID",
      "VMRUN flushing its ASID's non-globals",
  };
  return names[static_cast<std::size_t>(kind)];
}

std::ostream& operator<<(std::ostream& out, const Operation& op) {
  return out << fmt::format(
             "{} (linear {:#x}, guest-physical {:#x}, PCID {}, VPID/ASID {}, EPT {})",
             name_of(op.kind), op.linear, op.guest_physical, op.pcid, op.vm, op.root);
}

}  // namespace nestwalk::x86::test
