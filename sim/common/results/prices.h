// What the prices of fault software rest on, in words.
#pragma once
#include <string>
#include <string_view>

#include "common/results/results.h"

namespace nestwalk {

// "guest 5 published, 9 assumed; host 2 measured, 7 assumed"; empty without prices.
std::string marks_of_prices(const Meta& meta);

// Whether the memory of the side ("guest", "host") was mapped before the clock started.
bool is_populated(const Meta& meta, std::string_view side);

}  // namespace nestwalk
