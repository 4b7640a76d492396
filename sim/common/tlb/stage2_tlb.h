// The stage-2 TLB: second-stage translations on their own, IPA to PA (Intel: guest-physical
// mappings; AMD: stage-2 TLB; Arm: IPA cache). Probed with the intermediate address, never with the
// virtual one. Keeps the leaf as read, so that its format can judge later accesses.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/tlb/assoc_array.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tag.h"

namespace nestwalk {

struct Stage2Entry {
  Ipa page{};
  Pa frame{};
  std::uint8_t size_lg2 = 12;
  std::uint8_t leaf_lg2 = 12;  // lg2 bytes of the leaf, without contiguous runs: for level hints
  std::int8_t height = 0;      // of the leaf in the second-stage table
  std::uint64_t word = 0;      // the leaf
  std::uint64_t path = 0;      // rights gathered above it, as bits
};

class Stage2Tlb {
 public:
  Stage2Tlb(const ArraySpec& spec, std::uint64_t seed);

  bool exists() const { return !entries_.empty(); }
  const Stage2Entry* lookup(Ipa ipa, Tag tag);
  void fill(const Stage2Entry& entry, Tag tag);
  void drop(Ipa ipa, Tag tag);
  std::size_t invalidate(const Invalidation& what);
  std::size_t occupied() const;

 private:
  static std::uint64_t key(Ipa ipa, unsigned lg2) {
    return ipa.value >> lg2 | std::uint64_t{lg2} << 56;
  }
  std::uint32_t& held_of(std::uint8_t lg2);

  std::vector<AssocArray> array_;  // none or one
  std::vector<Stage2Entry> entries_;
  std::vector<std::uint8_t> sizes_;  // sizes seen so far
  std::vector<std::uint32_t> held_;  // entries present, per size
};

}  // namespace nestwalk
