// PageTables of one format. Besides TableFormat a format gives, to be edited:
//   root_height(), table_lg2(), root_lg2()      geometry: root_lg2 = lg2 bytes of the root table(s)
//   leaf_lg2(h)       lg2 bytes that one leaf of height h maps, without contiguous runs
//   leaf_allowed(h)   may a leaf stand in a table of height h?
//   input_bits()
//   run_lg2(h)        lg2 bytes of a contiguous run of such leaves, 0: none (may be left out)
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
  // `marks_runs`: its owner marks whole runs of leaves as contiguous, in formats that have them.
  EditedTables(const F& format, TableIo& io, bool marks_runs = false)
      : format_(format), root_(io.allocate_table(format.root_lg2())), marks_runs_(marks_runs) {
    for (int h = 0; h <= format_.root_height(); ++h)
      if (format_.leaf_allowed(h)) sizes_.push_back(static_cast<std::uint8_t>(format_.leaf_lg2(h)));
  }

  std::uint64_t root() const override { return root_; }
  std::span<const std::uint8_t> leaf_sizes() const override { return sizes_; }
  unsigned input_bits() const override { return format_.input_bits(); }
  unsigned run_lg2(unsigned leaf_lg2) const override {
    if constexpr (requires { format_.run_lg2(0); })
      for (int h = 0; marks_runs_ && h <= format_.root_height(); ++h)
        if (format_.leaf_lg2(h) == leaf_lg2) return format_.run_lg2(h);
    return 0;
  }

  unsigned map(std::uint64_t in, std::uint64_t out, unsigned size_lg2, const MapRights& rights,
               TableIo& io) override {
    NW_CHECK((in | out) % one(size_lg2) == 0, "{:#x} -> {:#x} is not aligned to 2^{}", in, out,
             size_lg2);
    const unsigned leaf_lg2 = leaf_for(size_lg2);
    unsigned made = 0;
    std::uint64_t table = root_;
    for (int h = format_.root_height();; --h) {
      if (format_.leaf_lg2(h) == leaf_lg2 && format_.leaf_allowed(h)) {
        MapRights marked = rights;
        const unsigned run = run_lg2(leaf_lg2);
        marked.contiguous |= run && size_lg2 >= run;
        write_row(table, in, out, h, size_lg2, marked, io);
        return made;
      }
      NW_CHECK(h > 0, "no leaf of 2^{} bytes in this format", leaf_lg2);
      const std::uint64_t at = entry_at(table, in, h);
      const Entry<Out> entry = decode(at, h, io);
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
    std::uint64_t table = 0;
    return find(in, table, io);
  }

  bool vacant(std::uint64_t in, unsigned size_lg2, TableIo& io) const override {
    std::uint64_t table = root_;
    for (int h = format_.root_height(); h >= 0; --h) {
      const unsigned lg2 = format_.leaf_lg2(h);
      if (lg2 <= size_lg2) {
        bool all = size_lg2 <= span_lg2(h);
        const std::uint64_t first = align_down(in, size_lg2);
        for (std::uint64_t at = 0; all && at < one(size_lg2 - lg2); ++at)
          all =
              decode(entry_at(table, first + (at << lg2), h), h, io).kind == EntryKind::not_present;
        return all;
      }
      const Entry<Out> entry = decode(entry_at(table, in, h), h, io);
      if (entry.kind == EntryKind::not_present) return true;
      if (entry.kind != EntryKind::table) return false;
      table = entry.out.value;
    }
    return false;
  }

  std::optional<Mapping> unmap(std::uint64_t in, TableIo& io) override {
    const std::optional<Mapping> found = lookup(in, io);
    if (found) io.store(found->entry_at, format_.entry_bytes(), 0);
    return found;
  }

  void unmap_block(std::uint64_t in, unsigned size_lg2, TableIo& io) override {
    std::uint64_t table = 0;
    const std::optional<Mapping> first = find(align_down(in, size_lg2), table, io);
    NW_CHECK(first && first->size_lg2 == leaf_for(size_lg2), "{:#x} is not mapped as 2^{}", in,
             size_lg2);
    for (std::uint64_t at = 0; at < one(size_lg2); at += one(first->size_lg2))
      io.store(entry_at(table, first->in + at, first->height), format_.entry_bytes(), 0);
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
  // lg2 bytes that all entries of a table of this height map.
  unsigned span_lg2(int h) const {
    return h == format_.root_height() ? format_.input_bits() : format_.leaf_lg2(h + 1);
  }
  // The leaf that maps `in`, and the table in which it stands.
  std::optional<Mapping> find(std::uint64_t in, std::uint64_t& table, TableIo& io) const {
    table = root_;
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
  void write_row(std::uint64_t table, std::uint64_t in, std::uint64_t out, int h, unsigned size_lg2,
                 const MapRights& rights, TableIo& io) {
    NW_CHECK(size_lg2 <= span_lg2(h), "2^{} bytes do not fit into one table", size_lg2);
    for (std::uint64_t offset = 0; offset < one(size_lg2); offset += one(format_.leaf_lg2(h))) {
      const std::uint64_t at = entry_at(table, in + offset, h);
      NW_CHECK(decode(at, h, io).kind == EntryKind::not_present, "{:#x} is mapped already",
               in + offset);
      io.store(at, format_.entry_bytes(), format_.make_leaf(Out{out + offset}, h, rights));
    }
  }
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
  bool marks_runs_;
  std::vector<std::uint8_t> sizes_;
};

}  // namespace nestwalk
