// What an invalidation must remove from TLBs, walk caches and the stage-2 TLB. Each architecture
// turns its instructions into this; the structures apply it. Unset fields do not restrict.
#pragma once
#include <cstdint>
#include <optional>

#include "common/tlb/tag.h"

namespace nestwalk {

struct AddressRange {
  std::uint64_t first = 0;
  std::uint64_t last = ~std::uint64_t{0};  // included

  constexpr bool meets(std::uint64_t base, unsigned size_lg2) const {
    return base <= last && base + ((std::uint64_t{1} << size_lg2) - 1) >= first;
  }
};

struct Invalidation {
  // Walk-cache entries: none; those on the path of the address; all that the tag selects.
  enum class Walks : std::uint8_t { none, path, all };

  bool final_entries = false;  // TLB entries that end in a PA: one-stage and combined
  bool second_stage = false;   // stage-2-TLB entries: IPA to PA
  Walks stage1_walks = Walks::none;
  Walks stage2_walks = Walks::none;

  // Whose. `globals`: global entries go too, whatever address space they were made in.
  std::optional<std::uint16_t> space{};
  std::optional<std::uint16_t> vm{};
  std::optional<std::uint16_t> except_vm{};  // every virtual machine but this one
  std::optional<std::uint16_t> root{};
  std::optional<std::uint16_t> regime{};
  bool globals = true;

  // Which addresses: virtual for final entries and stage-1 walks, intermediate for the others.
  std::optional<AddressRange> va{};
  std::optional<AddressRange> ipa{};
  // Only entries of this size (a level hint); the architectures say what a wrong hint may do.
  std::optional<std::uint8_t> size_lg2{};

  // Whether an entry with this tag is meant. Walk-cache entries are never global.
  bool selects(Tag tag, bool global) const {
    if (vm && *vm != tag.vm) return false;
    if (except_vm && *except_vm == tag.vm) return false;
    if (root && *root != tag.root) return false;
    if (regime && *regime != tag.regime) return false;
    return global ? globals : !space || *space == tag.space;
  }
};

}  // namespace nestwalk
