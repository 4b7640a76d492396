// One stage's walk cache in the form that walk() wants (paging/walk.h). Formats give
//   span_lg2(h)   lg2 bytes of input that one table of height h covers
//   table_lg2()   lg2 bytes of one table (a concatenated root is several)
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

#include "common/mmu/walk_port.h"
#include "common/tlb/walk_cache.h"

namespace nestwalk {

// A format's path as 64 bits, for the walk caches and the stage-2 TLB, and back.
template <class Path>
std::uint64_t path_bits(const Path& path) {
  static_assert(std::is_trivially_copyable_v<Path> && sizeof(Path) <= 8);
  std::uint64_t word = 0;
  std::memcpy(&word, &path, sizeof path);
  return word;
}
template <class Path>
Path path_from(std::uint64_t word) {
  Path path;
  std::memcpy(static_cast<void*>(&path), &word, sizeof path);
  return path;
}

// `Tables` is the walk's Memory. It is told where a walk begins (begin_below), and says what
// physical address it has found behind the table it read last (resolved_table).
template <class F, class Tables>
class StageCache {
 public:
  StageCache(const F& format, WalkCache& cache, Tag tag, WalkPort& port, WalkPort::Lookup kind,
             Tables& tables)
      : format_(format), cache_(cache), tag_(tag), port_(port), kind_(kind), tables_(tables) {}

  template <class Point>
  bool longest(typename F::In in, Point& point) {
    if (cache_.heights().empty()) return false;
    port_.lookup(kind_);
    for (const std::uint8_t height : cache_.heights()) {
      if (height >= point.height) return false;
      const WalkCache::Payload* hit =
          cache_.lookup(height, in.value, format_.span_lg2(height), tag_);
      if (!hit) continue;
      tables_.begin_below(point.height, height, hit->resolved);
      point.table = typename F::Out{hit->table};
      point.path = path_from<decltype(point.path)>(hit->path);
      point.height = static_cast<std::int8_t>(height);
      return true;
    }
    return false;
  }

  template <class Point>
  void fill(typename F::In in, const Point& point) {
    if (cache_.heights().empty() || !port_.may_fill()) return;
    cache_.fill(static_cast<std::uint8_t>(point.height), in.value, format_.span_lg2(point.height),
                tag_,
                {point.table.value, path_bits(point.path),
                 tables_.resolved_table(point.table, format_.table_lg2())});
  }

 private:
  const F& format_;
  WalkCache& cache_;
  Tag tag_;
  WalkPort& port_;
  WalkPort::Lookup kind_;
  Tables& tables_;
};

}  // namespace nestwalk
