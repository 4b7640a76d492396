// Which machine this is, as its kernel tells.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/measure/measurement.h"

namespace nestwalk {

MachineFacts machine_facts();

// From the text of /proc/cpuinfo: what names the processor, and whether it is virtual. Only x86
// kernels tell the latter.
MachineFacts parse_cpuinfo(std::string_view cpuinfo);

// Bytes that can be used without pushing others out, from the text of /proc/meminfo; 0: unknown.
std::uint64_t parse_available_bytes(std::string_view meminfo);
std::uint64_t available_bytes();

}  // namespace nestwalk
