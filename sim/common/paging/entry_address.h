// Where the entry for one input address stands in a table of a given height, found by reading the
// tables above it; nothing: a table above is missing or malformed.
#pragma once
#include <cstdint>
#include <optional>

#include "common/paging/entry.h"
#include "common/paging/page_tables.h"

namespace nestwalk {

template <class F>
std::optional<std::uint64_t> entry_address(const F& format, std::uint64_t root, std::uint64_t in,
                                           int height, TableIo& io) {
  using Out = typename F::Out;
  Out table{root};
  for (int h = format.root_height(); h >= 0; --h) {
    const std::uint64_t at = format.entry_address(table, typename F::In{in}, h).value;
    if (h == height) return at;
    const Entry<Out> entry = format.decode(io.load(at, format.entry_bytes()), h);
    if (entry.kind != EntryKind::table) return std::nullopt;
    table = entry.out;
  }
  return std::nullopt;
}

}  // namespace nestwalk
