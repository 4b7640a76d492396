// A translation lookaside buffer: one or more arrays, each holding pages of some sizes. An entry
// maps 2^size_lg2 bytes of virtual addresses to physical ones, both stages combined where there are
// two. Functional: says what is there and what goes; latency is the owner's business.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/address.h"
#include "common/tlb/assoc_array.h"
#include "common/tlb/invalidation.h"
#include "common/tlb/tag.h"

namespace nestwalk {

struct TlbEntry {
  Va page{};   // base of the mapped range
  Pa frame{};  // what it maps to
  Tag tag{};
  std::uint8_t size_lg2 = 12;  // the smaller of the two stages' sizes
  bool global = false;         // matches any address space
  bool uncached = false;       // no TLB may keep it
  // lg2 bytes of the stage-1 leaf that it comes from, without contiguous runs; 0: as size_lg2. What
  // invalidations by address and level look at: all pieces of a leaf go together.
  std::uint8_t leaf_lg2 = 0;
  std::uint64_t attributes = 0;  // the architecture's: rights and state, judged by its engine

  std::uint8_t origin_lg2() const { return leaf_lg2 ? leaf_lg2 : size_lg2; }
  Pa translate(Va va) const { return frame + va.offset(size_lg2); }
};

// Whether an invalidation removes this entry. All pieces of a leaf go together.
inline bool covers(const Invalidation& what, const TlbEntry& entry) {
  if (!what.final_entries || !what.selects(entry.tag, entry.global)) return false;
  const unsigned reach = std::max(entry.size_lg2, entry.origin_lg2());
  if (what.va && !what.va->meets(entry.page.aligned(reach).value, reach)) return false;
  return !what.size_lg2 || *what.size_lg2 == entry.origin_lg2();
}

struct TlbArraySpec {
  std::vector<std::uint8_t> sizes_lg2;  // page sizes that the array holds
  ArraySpec array;
};

class Tlb {
 public:
  // The packed tag of global entries: any space of the same vm, root and regime. The regime's top
  // bit tells it from that of the space 0xffff.
  static constexpr std::uint64_t global_tag(std::uint64_t packed) {
    return packed | 0xffff | std::uint64_t{1} << 63;
  }

  Tlb(const std::vector<TlbArraySpec>& arrays, std::uint64_t seed);

  bool exists() const { return !parts_.empty(); }

  struct Hit {
    const TlbEntry* entry = nullptr;
    unsigned extra_probes = 0;  // sizes tried after the first, within one array
    explicit operator bool() const { return entry; }
  };
  // Finds the entry that maps `va`, and counts as a use of it.
  Hit lookup(Va va, Tag tag) {
    const std::uint64_t own = tag.packed(), global = global_tag(own);
    unsigned most_probes = 0;
    for (Part& part : parts_) {
      unsigned probes = 0;
      for (unsigned i = 0; i < part.sizes.size(); ++i) {
        if (part.held[i] == 0) continue;
        const std::uint8_t lg2 = part.sizes[i];
        const std::size_t slot =
            part.array.find(part.array.set_of(va.value >> lg2), key(va, lg2), own, global);
        if (slot != AssocArray::none) {
          part.array.used(slot);
          return {&part.entries[slot], probes};
        }
        ++probes;
      }
      most_probes = std::max(most_probes, probes);
    }
    return {nullptr, most_probes ? most_probes - 1 : 0};
  }

  // The size at which a page of `size_lg2` around an address is held; nothing: not held here.
  std::optional<std::uint8_t> held_size(std::uint8_t size_lg2) const;
  // Whether more than one entry maps `va`: software has changed the size of a mapping without
  // invalidating the old one.
  bool conflict(Va va, Tag tag) const;
  // Puts an entry in, cut down to the part around `va` if only smaller sizes are held.
  void fill(TlbEntry entry, Va va);
  void drop(Va va, Tag tag);  // whatever maps `va`: a lookup misses then
  // Removes what is meant; returns how many entries went.
  std::size_t invalidate(const Invalidation& what);

  std::size_t occupied() const;
  // Calls visit(const TlbEntry&) for every entry (tests, scenarios, the truth checker).
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Part& part : parts_)
      for (std::size_t slot = 0; slot < part.entries.size(); ++slot)
        if (part.array.valid(slot)) visit(part.entries[slot]);
  }

 private:
  struct Part {
    std::vector<std::uint8_t> sizes;
    std::vector<std::uint32_t> held;  // entries present, per size
    AssocArray array;
    std::vector<TlbEntry> entries;
  };
  // Page number with the size folded into the top bits, so that sizes never match each other.
  static std::uint64_t key(Va va, std::uint8_t lg2) {
    return (va.value >> lg2 & 0xf'ffff'ffff'ffff) | std::uint64_t{lg2} << 56;
  }
  static std::uint32_t& held_of(Part& part, std::uint8_t lg2);
  void remove(Part& part, std::size_t slot);

  std::vector<Part> parts_;
};

}  // namespace nestwalk
