// What a machine model asks of an x86 processor and its paging, to be built (build.h): no register
// values, only choices.
#pragma once
#include <cstdint>

#include "x86/cpu.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

struct TranslationSpec {
  Cpu cpu;
  PagingKind guest = PagingKind::four_level;  // stage 1: the guest's, or the only one
  VirtualMachine::Paging host = VirtualMachine::Paging::none;  // stage 2
  PagingKind host_kind = PagingKind::four_level;  // EPT: four_level or five_level; NPT: all but off
  std::uint16_t vm = 1;                           // VPID or ASID under a hypervisor
  bool pcid = true;                               // CR4.PCIDE (4- and 5-level only)
  bool ept_accessed_dirty = true;
  bool mode_based_execute = false;
  bool smep = true, smap = true;
};

}  // namespace nestwalk::x86
