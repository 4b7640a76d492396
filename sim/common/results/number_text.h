// Numbers for people: rounded, with thousands separators and units. Independent of the locale.
#pragma once
#include <cstdint>
#include <string>

namespace nestwalk {

std::string text_count(std::uint64_t value);  // 1,234,567
std::string text_number(double value);        // 5.03, 1,234.5, 12,346: about four digits
std::string text_share(double share);         // 0.381 -> 38.1 %
std::string text_bytes(std::int64_t bytes);   // 512 B, 24.1 MiB
std::string text_page(unsigned page_lg2);     // 4K, 2M, 1G
std::string text_short(double count);         // 820, 12.3 k, 53.0 M, 1.20 G
std::string text_time_us(double us);          // 3.20 us, 41.7 ms, 2.00 s
std::string text_factor(double factor);       // 0.41x, 12.3x, 140x

}  // namespace nestwalk
