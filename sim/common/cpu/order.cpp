#include "common/cpu/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace nestwalk {
namespace {

constexpr unsigned longest_run = 1'000'000;

// All of `text` is a number.
std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::string order_text(const Order& order) {
  std::string text;
  for (auto at = order.begin(); at != order.end();) {
    const auto next = std::find_if(at, order.end(), [&](unsigned actor) { return actor != *at; });
    text += fmt::format("{}{}", text.empty() ? "" : " ", *at);
    if (next - at > 1) text += fmt::format("x{}", next - at);
    at = next;
  }
  return text;
}

std::optional<Order> parse_order(std::string_view text) {
  Order order;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    const std::size_t times = word.find('x');
    const auto actor = number(word.substr(0, times));
    const auto count = times == word.npos ? 1 : number(word.substr(times + 1));
    if (!actor || !count || *count == 0 || *count > longest_run) return std::nullopt;
    order.insert(order.end(), *count, *actor);
  }
  return order;
}

}  // namespace nestwalk
