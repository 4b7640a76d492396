// PageTables of one format. Besides TableFormat a format gives, to be edited:
//   root_height(), table_lg2(), root_lg2()      geometry: root_lg2 = lg2 bytes of the root table(s)
//   leaf_lg2(h)       lg2 bytes that one leaf of height h maps, without contiguous runs
//   leaf_allowed(h)   may a leaf stand in a table of height h?
//   input_bits()
//   make_table(next)            a table entry; or make_table(next, h), where heights differ
//   make_leaf(out, h, rights)   a leaf
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/paging/format.h"
#include "common/paging/page_tables.h"

namespace nestwalk {

template <class F>
class EditedTables final : public PageTables {
 public:
  EditedTables(const F& format, TableIo& io)
      : format_(format), root_(io.allocate_table(format.root_lg2())) {
    for (int h = 0; h <= format_.root_height(); ++h)
      if (format_.leaf_allowed(h)) sizes_.push_back(static_cast<std::uint8_t>(format_.leaf_lg2(h)));
  }

  std::uint64_t root() const override { return root_; }
  std::span<const std::uint8_t> leaf_sizes() const override { return sizes_; }
  unsigned input_bits() const override { return format_.input_bits(); }

  unsigned map(std::uint64_t in, std::uint64_t out, unsigned size_lg2, const MapRights& rights,
               TableIo& io) override {
    NW_CHECK((in | out) % one(size_lg2) == 0, "{:#x} -> {:#x} is not aligned to 2^{}", in, out,
             size_lg2);
    unsigned made = 0;
    std::uint64_t table = root_;
    for (int h = format_.root_height();; --h) {
      const std::uint64_t at = entry_at(table, in, h);
      const Entry<Out> entry = decode(at, h, io);
      if (format_.leaf_lg2(h) == size_lg2 && format_.leaf_allowed(h)) {
        NW_CHECK(entry.kind == EntryKind::not_present, "{:#x} is mapped already", in);
        io.store(at, format_.entry_bytes(), format_.make_leaf(Out{out}, h, rights));
        return made;
      }
      NW_CHECK(h > 0, "no leaf of 2^{} bytes in this format", size_lg2);
      if (entry.kind == EntryKind::table) {
        table = entry.out.value;
        continue;
      }
      NW_CHECK(entry.kind == EntryKind::not_present, "{:#x} lies in a larger mapping", in);
      table = io.allocate_table(format_.table_lg2());
      ++made;
      io.store(at, format_.entry_bytes(), table_entry(Out{table}, h));
    }
  }

  std::optional<Mapping> lookup(std::uint64_t in, TableIo& io) const override {
    std::uint64_t table = root_;
    for (int h = format_.root_height(); h >= 0; --h) {
      const std::uint64_t at = entry_at(table, in, h);
      const std::uint64_t word = io.load(at, format_.entry_bytes());
      const Entry<Out> entry = format_.decode(word, h);
      if (entry.kind == EntryKind::table) {
        table = entry.out.value;
        continue;
      }
      if (entry.kind != EntryKind::leaf) return std::nullopt;
      const unsigned lg2 = format_.leaf_lg2(h);
      const std::uint64_t run_offset = in & low_mask(entry.size_lg2) & ~low_mask(lg2);
      return Mapping{align_down(in, lg2),
                     entry.out.value + run_offset,
                     static_cast<std::uint8_t>(lg2),
                     static_cast<std::int8_t>(h),
                     word,
                     at};
    }
    return std::nullopt;
  }

  unsigned vacant_lg2(std::uint64_t in, TableIo& io) const override {
    std::uint64_t table = root_;
    for (int h = format_.root_height();; --h) {
      const Entry<Out> entry = decode(entry_at(table, in, h), h, io);
      if (entry.kind == EntryKind::not_present) return format_.leaf_lg2(h);
      if (entry.kind != EntryKind::table) return 0;
      table = entry.out.value;
    }
  }

  std::optional<Mapping> unmap(std::uint64_t in, TableIo& io) override {
    const std::optional<Mapping> found = lookup(in, io);
    if (found) io.store(found->entry_at, format_.entry_bytes(), 0);
    return found;
  }

  std::optional<Mapping> protect(std::uint64_t in, const MapRights& rights, TableIo& io) override {
    const std::optional<Mapping> found = lookup(in, io);
    if (found)
      io.store(found->entry_at, format_.entry_bytes(),
               format_.make_leaf(Out{found->out}, found->height, rights));
    return found;
  }

 private:
  using Out = typename F::Out;
  std::uint64_t entry_at(std::uint64_t table, std::uint64_t in, int h) const {
    return format_.entry_address(Out{table}, typename F::In{in}, h).value;
  }
  std::uint64_t table_entry(Out next, int h) const {
    if constexpr (requires { format_.make_table(next, h); })
      return format_.make_table(next, h);
    else
      return format_.make_table(next);
  }
  Entry<Out> decode(std::uint64_t at, int h, TableIo& io) const {
    return format_.decode(io.load(at, format_.entry_bytes()), h);
  }

  F format_;
  std::uint64_t root_;
  std::vector<std::uint8_t> sizes_;
};

}  // namespace nestwalk
