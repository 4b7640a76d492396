// In which order actors of a schedule acted, as a list that a person can read and a scenario
// replays: "0x5 1 0x2" is five actions of actor 0, one of actor 1, two of actor 0.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nestwalk {

using Order = std::vector<unsigned>;

std::string order_text(const Order& order);
// Nothing: the text is no such list.
std::optional<Order> parse_order(std::string_view text);

}  // namespace nestwalk
