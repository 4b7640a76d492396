// The timed loops. Each returns nanoseconds of real time for one pass; what they read is used, so
// that no compiler can leave it out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nestwalk {

// Follows linked chains (chain.h) from `heads`, all of them one step at a time, `steps` steps; the
// heads end where the chains have got to. 1, 2, 4, 8 or 16 heads.
double chase_ns(std::vector<std::byte*>& heads, std::uint64_t steps);

// Reads one word of each line of 64 bytes, in order.
double stream_ns(const std::byte* data, std::uint64_t bytes);

// Writes the first byte of each page, in order.
double touch_ns(std::byte* data, std::uint64_t bytes, std::uint64_t page_bytes);

// The clock of this core in MHz: additions that wait for each other take one cycle each on every
// core that this project knows. They add a register: constants are added in renaming, in no time.
double clock_mhz();

}  // namespace nestwalk
