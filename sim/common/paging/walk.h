// The walk, written once: one stage, any format. What reading an entry costs, and whether it needs
// another stage first, is the business of `Memory`; whether the upper levels can be skipped is that
// of `Cache`. So the same function is the untimed walk of the tests and the timed one of the
// machine, and a two-stage walk is a stage-1 walk whose Memory first walks stage 2 (two_stage.h).
#pragma once
#include <cstdint>

#include "common/paging/format.h"

namespace nestwalk {

template <class F>
struct Walked {
  Fault fault{};
  typename F::Out out{};       // the translated address (offset included)
  typename F::Out entry_at{};  // the leaf's own address
  std::uint64_t word = 0;      // the leaf as it is now in memory
  typename F::Path path{};     // rights gathered above the leaf
  std::int8_t height = 0;      // of the leaf
  std::uint8_t size_lg2 = 0;   // lg2 bytes that the leaf maps
  bool uncached = false;       // no TLB may keep it
};

// Formats in which the meaning of an entry also depends on the input address (Arm's contiguous
// runs) give decode(word, h, in) too.
template <TableFormat F>
Entry<typename F::Out> decode_entry(const F& format, std::uint64_t word, int height,
                                    typename F::In in) {
  if constexpr (requires { format.decode(word, height, in); })
    return format.decode(word, height, in);
  else
    return format.decode(word, height);
}

// Some processors mark a leaf as used although it denies the access: such formats give
// mark_denied(word, cause). True: the leaf has changed meanwhile, and `word` is what it is now.
template <TableFormat F, class Memory>
bool mark_denied(const F& format, Memory& memory, typename F::Out at, int height,
                 std::uint64_t& word, const Permit& permit) {
  if constexpr (requires { format.mark_denied(word, permit.cause); }) {
    const std::uint64_t wanted = format.mark_denied(word, permit.cause);
    if (wanted == word) return false;
    const std::uint64_t expected = word;
    Fault not_told;  // that the mark cannot be made is no fault of its own
    if (!memory.update(at, format.entry_bytes(), height, word, wanted, not_told)) return false;
    if (word != expected) return true;
    word = wanted;
  }
  return false;
}

// Memory:  bool read(Out at, unsigned bytes, int height, uint64_t& word, Fault&)
//          bool update(Out at, unsigned bytes, int height, uint64_t& word, uint64_t wanted, Fault&)
//            Atomic: if the entry still is `word`, make it `wanted`, else give back what it is now
//            in `word`. Both return false with the fault that stopped them.
// Cache:   bool longest(In, WalkPoint&)       the lowest cached point on the path of In, if any
//          void fill(In, const WalkPoint&)    the walk has read an entry of this table
template <TableFormat F, class Memory, class Cache>
Walked<F> walk(const F& format, typename F::In in, const Access& access, Memory& memory,
               Cache& cache) {
  Walked<F> result;
  const auto root = format.root(in, access);
  auto point = root.at;
  const auto refuse = [&](FaultCause cause, std::uint32_t detail = 0) {
    result.fault.cause = cause;
    result.fault.height = point.height;
    result.fault.detail = detail;
    result.path = point.path;
    return result;
  };
  if (root.refused != FaultCause::none) {
    result.fault.before_walk = true;
    return refuse(root.refused);
  }
  const unsigned bytes = format.entry_bytes();
  cache.longest(in, point);
  // The point where the walk begins is the root or came from the cache: only those below it are
  // new.
  for (bool known = true;; --point.height, known = false) {
    const int height = point.height;
    const auto at = format.entry_address(point.table, in, height);
    std::uint64_t word = 0;
    if (!memory.read(at, bytes, height, word, result.fault)) return result;
    if (!known) cache.fill(in, point);
    // Decode; if the entry changes while it is being marked as used, decode what it has become.
    for (;;) {
      const auto entry = decode_entry(format, word, height, in);
      std::uint64_t wanted = word;
      switch (entry.kind) {
        case EntryKind::not_present:
          return refuse(FaultCause::not_present);
        case EntryKind::malformed:
          return refuse(FaultCause::malformed);
        case EntryKind::address_size:
          return refuse(FaultCause::address_size);
        case EntryKind::table:
          if constexpr (requires { format.mark_table(word, height); })
            wanted = format.mark_table(word, height);
          else
            wanted = format.mark_table(word);
          break;
        case EntryKind::leaf: {
          const Permit permit = format.permit(point.path, word, height, access);
          if (permit.cause != FaultCause::none) {
            if (mark_denied(format, memory, at, height, word, permit)) continue;
            result.word = word;
            return refuse(permit.cause, permit.detail);
          }
          wanted = format.mark_leaf(word, access);
          break;
        }
      }
      if (wanted != word) {
        const std::uint64_t expected = word;
        if (!memory.update(at, bytes, height, word, wanted, result.fault)) {
          // Where the leaf would have led: the translation of that address may fault too, and be
          // what is reported.
          if (entry.kind == EntryKind::leaf)
            result.out = entry.out + (in.value & ((std::uint64_t{1} << entry.size_lg2) - 1));
          return result;
        }
        if (word != expected) continue;
        word = wanted;
      }
      if (entry.kind == EntryKind::table) {
        point.path = format.descend(point.path, word);
        point.table = entry.out;
        break;
      }
      result.out = entry.out + (in.value & ((std::uint64_t{1} << entry.size_lg2) - 1));
      result.entry_at = at;
      result.word = word;
      result.path = point.path;
      result.height = point.height;
      result.size_lg2 = entry.size_lg2;
      result.uncached = entry.uncached;
      return result;
    }
  }
}

// A walk cache that holds nothing.
struct NoWalkCache {
  template <class In, class Point>
  bool longest(In, Point&) {
    return false;
  }
  template <class In, class Point>
  void fill(In, const Point&) {}
};

}  // namespace nestwalk
