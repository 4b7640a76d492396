// The architectures that the timed tests run on, each by a name. One line adds another.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arm64/kvm/arm64_architecture.h"
#include "common/hyp/architecture.h"
#include "x86/kvm/x86_architecture.h"

namespace nestwalk::test {

using Paging = x86::VirtualMachine::Paging;
using x86::PagingKind;

inline std::unique_ptr<Architecture> make_x86(PagingKind guest, Paging host = Paging::none,
                                              PagingKind host_kind = PagingKind::four_level,
                                              bool pcid = true) {
  x86::TranslationSpec spec;
  spec.guest = guest;
  spec.host = host;
  spec.host_kind = host_kind;
  spec.pcid = pcid;
  return std::make_unique<x86::X86Architecture>(spec);
}

inline std::unique_ptr<Architecture> make_arm64(const arm64::TranslationSpec& spec) {
  return std::make_unique<arm64::Arm64Architecture>(spec);
}

// Stage 1 with 48 bits (or none), stage 2 with `ipa_bits` (or none), both with the same granule and
// with whole contiguous runs marked.
inline std::unique_ptr<Architecture> make_arm64(bool stage1, std::optional<unsigned> ipa_bits,
                                                arm64::Granule granule = arm64::Granule::k4) {
  arm64::TranslationSpec spec;
  spec.stage1->granule = granule;
  spec.stage1->contiguous = true;
  if (!stage1) spec.stage1.reset();
  spec.stage2.reset();
  if (ipa_bits) {
    arm64::Stage2Spec& stage2 = spec.stage2.emplace();
    stage2.ipa_bits = *ipa_bits;
    stage2.granule = granule;
    stage2.contiguous = true;
  }
  return make_arm64(spec);
}

struct NamedArchitecture {
  std::string name;
  std::function<std::unique_ptr<Architecture>()> make;
  std::uint8_t huge_lg2 = 21;  // what transparent huge pages of the guest are
};

// Random runs go over all of these. Each maps at least 32 bits of addresses.
inline const std::vector<NamedArchitecture>& all_architectures() {
  using enum PagingKind;
  static const std::vector<NamedArchitecture> list = {
      {"x86 native", [] { return make_x86(four_level); }},
      {"x86 native 5-level", [] { return make_x86(five_level); }},
      {"x86 native 32-bit", [] { return make_x86(two_level); }, 22},
      {"x86 EPT", [] { return make_x86(four_level, Paging::ept); }},
      {"x86 EPT 5-level over 5-level",
       [] { return make_x86(five_level, Paging::ept, five_level); }},
      {"x86 NPT", [] { return make_x86(four_level, Paging::npt); }},
      {"x86 PAE under EPT", [] { return make_x86(pae, Paging::ept); }},
      {"x86 EPT alone", [] { return make_x86(off, Paging::ept); }},
      {"x86 NPT without PCIDs",
       [] { return make_x86(four_level, Paging::npt, four_level, false); }},
      {"arm64", [] { return make_arm64(true, 40); }},
      {"arm64 native", [] { return make_arm64(true, {}); }},
      {"arm64 with runs", [] { return make_arm64(true, 40); }, 16},
      {"arm64 16K with runs", [] { return make_arm64(true, 40, arm64::Granule::k16); }, 21},
      {"arm64 64K with runs", [] { return make_arm64(true, 40, arm64::Granule::k64); }, 21},
      {"arm64 stage 2 alone", [] { return make_arm64(false, 40); }},
  };
  return list;
}

}  // namespace nestwalk::test
