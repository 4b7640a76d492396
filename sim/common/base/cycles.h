// Simulated time inside the model is a count of cycles of one clock, the cores'.
#pragma once
#include <cstdint>

namespace nestwalk {

using Cycles = std::uint64_t;

}  // namespace nestwalk
