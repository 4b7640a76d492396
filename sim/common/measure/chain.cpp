#include "common/measure/chain.h"

#include <new>
#include <numeric>
#include <utility>

#include "common/base/random.h"

namespace nestwalk {

std::vector<std::uint32_t> cyclic_order(std::uint32_t nodes, std::uint64_t seed) {
  std::vector<std::uint32_t> order(nodes);
  std::iota(order.begin(), order.end(), 0u);
  Random random(seed);
  for (std::size_t left = order.size(); left > 1; --left)  // Fisher and Yates
    std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

void link_chain(std::byte* base, const std::vector<std::uint32_t>& order, std::uint64_t node_bytes,
                std::uint64_t line_step_bytes) {
  const auto at = [&](std::size_t position) {
    return base + line_offset(order[position % order.size()], node_bytes, line_step_bytes);
  };
  for (std::size_t i = 0; i < order.size(); ++i) ::new (at(i)) void*(at(i + 1));
}

}  // namespace nestwalk
