// Where a measurement reads: one line of each node (a page; or a line, if all of them are read), in
// a random order that is a single cycle.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nestwalk {

// 65 lines: neighbouring pages lie in neighbouring cache sets and, where a large page is mapped in
// base pages below (by a hypervisor), in neighbouring TLB sets too.
inline constexpr std::uint64_t default_line_step_bytes = std::uint64_t{65} * 64;

// The nodes 0..nodes-1 in the order of the visits; after the last comes the first again.
std::vector<std::uint32_t> cyclic_order(std::uint32_t nodes, std::uint64_t seed);

// Offset in the mapping of the line that is read in `node`; `line_step_bytes`: Measurement.
inline std::uint64_t line_offset(std::uint64_t node, std::uint64_t node_bytes,
                                 std::uint64_t line_step_bytes) {
  return node * node_bytes + node * line_step_bytes % node_bytes;
}

// Writes into each node of the order a pointer to the line of the next.
void link_chain(std::byte* base, const std::vector<std::uint32_t>& order, std::uint64_t node_bytes,
                std::uint64_t line_step_bytes);

}  // namespace nestwalk
