// What a table entry means once its format has decoded it.
#pragma once
#include <cstdint>

namespace nestwalk {

enum class EntryKind : std::uint8_t { not_present, malformed, address_size, table, leaf };

template <class Out>
struct Entry {
  EntryKind kind = EntryKind::not_present;
  Out out{};                  // table: base of the next table; leaf: base of the mapped block
  std::uint8_t size_lg2 = 0;  // leaf: lg2 bytes mapped, with a contiguous run counted as one block
  bool uncached = false;      // leaf: no TLB may keep it (Arm nT)
};

// Where a walk begins or goes on: a table, its height and what the path above it allows.
template <class Out, class Path>
struct WalkPoint {
  Out table{};
  std::int8_t height = 0;
  Path path{};
};

}  // namespace nestwalk
