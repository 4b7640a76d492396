// A deliberately odd table format, so that nothing common can rely on what real ones share: each
// level has its own stride, slots of a table run backwards, one bit says "absent", rights stand in
// strange places and some are inverted, a leaf may stand at some heights and not at those between
// them. As stage 1 it maps Va to Ipa, as stage 2 Ipa to Pa. Follows no manual.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/bits.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"

namespace nestwalk::test {

// Entry: [2:0] kind (0 nothing, 5 table, 6 leaf), [3] accessed, [43:4] output address [51:12],
// [44] dirty, [46] one of a run of four leaves, [52] unreadable, [55] writable, [58] supervisor
// only, [61] not executable, [62] must be zero, [63] absent.
namespace odd {
inline constexpr unsigned accessed = 3, dirty = 44, run = 46, unreadable = 52, writable = 55,
                          supervisor = 58, no_execute = 61, zero = 62, absent = 63;
inline constexpr std::uint64_t table_kind = 5, leaf_kind = 6;
}  // namespace odd

struct OddShape {
  std::array<std::uint8_t, 6> stride = {9, 5, 7, 4, 6, 3};  // index bits, by height
  std::uint8_t levels = 3;
  std::uint8_t page_lg2 = 12;
  std::uint8_t table_lg2 = 12;        // bytes of a table, whatever its stride needs
  std::uint8_t leaf_heights = 0b101;  // bit h: a leaf may stand at height h
  std::uint8_t out_bits = 50;         // outputs beyond are address-size faults
  bool hardware_flags = true;         // else a clear accessed flag is a fault
  bool reads_dirty_tables = false;    // stage 2: reading a stage-1 entry counts as a write
};

template <class InAddress, class OutAddress>
class OddFormat {
 public:
  using In = InAddress;
  using Out = OutAddress;
  struct Path {
    bool write = true;       // every table above allows writing
    std::uint8_t depth = 0;  // tables gone through
  };

  explicit OddFormat(const OddShape& shape, std::uint64_t root = 0) : s_(shape), root_(root) {}
  const OddShape& shape() const { return s_; }

  Root<Out, Path> root(In in, const Access&) const {
    const bool beyond = in.value >> input_bits() != 0;
    return {beyond ? FaultCause::non_canonical : FaultCause::none,
            {Out{root_}, static_cast<std::int8_t>(root_height()), {}}};
  }
  Out entry_address(Out table, In in, int h) const {
    const std::uint64_t slots = low_mask(stride(h));
    return table + (slots - (in.value >> leaf_lg2(h) & slots)) * 8;
  }
  unsigned entry_bytes() const { return 8; }

  Entry<Out> decode(std::uint64_t word, int h) const {
    const std::uint64_t kind = bits(word, 2, 0);
    if (bit(word, odd::absent) || kind == 0) return {};
    const bool leaf = kind == odd::leaf_kind;
    if (bit(word, odd::zero) || !(leaf ? leaf_allowed(h) : kind == odd::table_kind && h > 0))
      return {EntryKind::malformed};
    const std::uint64_t out = out_of(word);
    if (out >> s_.out_bits) return {EntryKind::address_size};
    if (!leaf) return {EntryKind::table, Out{out}};
    const unsigned lg2 = leaf_lg2(h) + (bit(word, odd::run) ? 2 : 0);
    return {EntryKind::leaf, Out{align_down(out, lg2)}, static_cast<std::uint8_t>(lg2)};
  }
  Path descend(Path path, std::uint64_t word) const {
    return {path.write && bit(word, odd::writable), static_cast<std::uint8_t>(path.depth + 1)};
  }
  std::uint64_t mark_table(std::uint64_t word, int) const {
    return s_.hardware_flags ? word | one(odd::accessed) : word;
  }
  Permit permit(Path path, std::uint64_t word, int, const Access& access) const {
    if (!s_.hardware_flags && !bit(word, odd::accessed)) return {FaultCause::access_flag};
    const bool reads = access.type == AccessType::read || access.read_modify_write;
    if (reads && bit(word, odd::unreadable)) return {FaultCause::permission, 1};
    if (access.writes() && !(path.write && bit(word, odd::writable)))
      return {FaultCause::permission, 2};
    if (access.type == AccessType::fetch && bit(word, odd::no_execute))
      return {FaultCause::permission, 3};
    if (access.user && !access.table_walk && bit(word, odd::supervisor))
      return {FaultCause::permission, 4};
    return {};
  }
  std::uint64_t mark_leaf(std::uint64_t word, const Access& access) const {
    if (!s_.hardware_flags) return word;
    return word | one(odd::accessed) | (access.writes() ? one(odd::dirty) : 0);
  }

  // For walk caches and two stages.
  unsigned span_lg2(int h) const { return leaf_lg2(h) + stride(h); }
  unsigned table_lg2() const { return s_.table_lg2; }
  Access table_access(bool update) const {
    const bool writes = update || s_.reads_dirty_tables;
    return {.type = writes ? AccessType::write : AccessType::read,
            .user = false,
            .read_modify_write = writes,
            .table_walk = true};
  }

  // For editing.
  int root_height() const { return s_.levels - 1; }
  unsigned root_lg2() const { return std::max<unsigned>(s_.table_lg2, stride(root_height()) + 3u); }
  unsigned leaf_lg2(int h) const {
    unsigned lg2 = s_.page_lg2;
    for (int below = 0; below < h; ++below) lg2 += stride(below);
    return lg2;
  }
  unsigned run_lg2(int h) const { return leaf_lg2(h) + 2; }
  bool leaf_allowed(int h) const { return s_.leaf_heights >> h & 1; }
  unsigned input_bits() const { return span_lg2(root_height()); }
  std::uint64_t make_table(Out next) const {
    return (next.value >> 12 << 4) | odd::table_kind | one(odd::writable);
  }
  std::uint64_t make_leaf(Out out, int, const MapRights& r) const {
    std::uint64_t word = (out.value >> 12 << 4) | odd::leaf_kind;
    if (r.accessed) word |= one(odd::accessed);
    if (r.dirty) word |= one(odd::dirty);
    if (r.contiguous) word |= one(odd::run);
    if (!r.read) word |= one(odd::unreadable);
    if (r.write) word |= one(odd::writable);
    if (!r.user) word |= one(odd::supervisor);
    if (!r.execute) word |= one(odd::no_execute);
    return word;
  }

  static std::uint64_t out_of(std::uint64_t word) { return bits(word, 43, 4) << 12; }

 private:
  unsigned stride(int h) const { return s_.stride[static_cast<std::size_t>(h)]; }

  OddShape s_;
  std::uint64_t root_;
};

using OddStage1 = OddFormat<Va, Ipa>;
using OddStage2 = OddFormat<Ipa, Pa>;
static_assert(TableFormat<OddStage1> && TableFormat<OddStage2>);

}  // namespace nestwalk::test
