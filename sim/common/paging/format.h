// A table format: geometry and encoding of one stage's tables under one setting of the registers
// that govern them. A value of the format type is those registers, decoded. (Concept; see the
// `formats` of sim/arm64 and sim/x86, and tests/conformance for what all of them must satisfy.)
#pragma once
#include <concepts>
#include <cstdint>

#include "common/base/address.h"
#include "common/paging/access.h"
#include "common/paging/entry.h"
#include "common/paging/fault.h"

namespace nestwalk {

// The answer to "where does a walk for this input address begin?"
template <class Out, class Path>
struct Root {
  FaultCause refused = FaultCause::none;  // not none: the walk ends here, nothing is read
  WalkPoint<Out, Path> at{};
};

// The answer to "does this leaf allow the access?"
struct Permit {
  FaultCause cause = FaultCause::none;  // none, access_flag, permission (or conflict)
  std::uint32_t detail = 0;             // goes to Fault::detail
};

// One decoded setting of one stage. All functions are const, cheap and never throw.
//   In, Out  the address types it maps between; Path  rights gathered from the root (trivial type)
//   root(in, access)             the first table, or why there is none
//   entry_address(table, in, h)  the address of the entry that `in` selects in a table of height h
//   entry_bytes()                4 or 8
//   decode(word, h)              the entry's meaning; `malformed` and `address_size` end the walk
//   descend(path, word)          the path below a table entry
//   mark_table(word)             the entry after hardware has used it (accessed flag), or `word`;
//                                or mark_table(word, h), where only some heights have the flag
//   permit(path, word, h, a)     may `a` use this leaf, given the path above it?
//   mark_leaf(word, a)           the leaf after hardware has used it for `a` (accessed, dirty)
// Optional: mark_denied (walk.h).
template <class F>
concept TableFormat = requires(const F& f, typename F::In in, typename F::Out out,
                               typename F::Path path, std::uint64_t word, int h, const Access& a) {
  { f.root(in, a) } -> std::same_as<Root<typename F::Out, typename F::Path>>;
  { f.entry_address(out, in, h) } -> std::same_as<typename F::Out>;
  { f.entry_bytes() } -> std::convertible_to<unsigned>;
  { f.decode(word, h) } -> std::same_as<Entry<typename F::Out>>;
  { f.descend(path, word) } -> std::same_as<typename F::Path>;
  requires requires {
    { f.mark_table(word) } -> std::same_as<std::uint64_t>;
  } || requires {
    { f.mark_table(word, h) } -> std::same_as<std::uint64_t>;
  };
  { f.permit(path, word, h, a) } -> std::same_as<Permit>;
  { f.mark_leaf(word, a) } -> std::same_as<std::uint64_t>;
};

}  // namespace nestwalk
