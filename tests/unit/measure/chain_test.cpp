// The chain: one cycle through all nodes, every line a different one.
#include "common/measure/chain.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "common/measure/loops.h"

using namespace nestwalk;

TEST_CASE("the order holds every node once, and differs by seed") {
  for (const std::uint32_t nodes : {1u, 2u, 3u, 84u, 1000u}) {
    std::vector<std::uint32_t> order = cyclic_order(nodes, 1);
    std::sort(order.begin(), order.end());
    REQUIRE(order.size() == nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) CHECK(order[i] == i);
  }
  CHECK(cyclic_order(1000, 1) == cyclic_order(1000, 1));
  CHECK(cyclic_order(1000, 1) != cyclic_order(1000, 2));
}

TEST_CASE("followed from anywhere, the chain visits a line of every node and comes back") {
  constexpr std::uint64_t node_bytes = 4096;
  constexpr std::uint32_t nodes = 500;
  std::vector<std::byte*> memory(nodes * node_bytes / sizeof(std::byte*));
  auto* base = reinterpret_cast<std::byte*>(memory.data());
  link_chain(base, cyclic_order(nodes, 1), node_bytes, default_line_step_bytes);
  std::set<std::uint64_t> visited;
  std::vector<std::byte*> at = {base};
  for (std::uint32_t step = 0; step < nodes; ++step) {
    const auto offset = static_cast<std::uint64_t>(at[0] - base);
    CHECK(offset % 64 == 0);
    visited.insert(offset / node_bytes);
    CHECK(offset == line_offset(offset / node_bytes, node_bytes, default_line_step_bytes));
    chase_ns(at, 1);
  }
  CHECK(visited.size() == nodes);
  CHECK(at[0] == base);
}

TEST_CASE("the lines of neighbouring pages lie in different sets of caches and TLBs") {
  // 64 base pages, 64 lines of a page; 512 huge pages, 512 base pages within a huge one.
  for (const std::uint64_t page_bytes : {std::uint64_t{4096}, std::uint64_t{2} << 20}) {
    std::set<std::uint64_t> line_sets, page_sets;
    for (std::uint64_t page = 0; page < 64; ++page) {
      const std::uint64_t at = line_offset(page, page_bytes, default_line_step_bytes);
      CHECK(at / page_bytes == page);
      line_sets.insert(at / 64 % 64);
      page_sets.insert(at / 4096 % 512);
    }
    CHECK(line_sets.size() == 64);
    CHECK(page_sets.size() >= 63);
  }
}
