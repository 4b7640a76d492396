// Which pages the kernel has really mapped: read from /proc/PID/smaps (proc(5)), never assumed.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace nestwalk {

// The size of the pages, in bytes, that map the area of `bytes` at `address`, all of which has been
// touched. `smaps`: the text of that file; `huge_bytes`: size of transparent huge pages. Nothing:
// the area is not there, or pages of several sizes map it (more than 1 % are not of the larger).
std::optional<std::uint64_t> mapped_page_bytes(std::string_view smaps, std::uint64_t address,
                                               std::uint64_t bytes, std::uint64_t huge_bytes);

}  // namespace nestwalk
