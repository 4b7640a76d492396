#include "common/results/number_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace nestwalk {
namespace {

// Commas between groups of three digits of the whole part.
std::string grouped(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  while (end > first + 3) {
    end -= 3;
    digits.insert(end, 1, ',');
  }
  return digits;
}

}  // namespace

std::string text_count(std::uint64_t value) { return grouped(fmt::format("{}", value)); }

std::string text_number(double value) {
  const double size = std::abs(value);
  const int decimals = size < 99.995 ? 2 : size < 9999.95 ? 1 : 0;
  return grouped(fmt::format("{:.{}f}", value, decimals));
}

std::string text_share(double share) {
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return fmt::format("{:.1f} %", 100 * share);
}

std::string text_bytes(std::int64_t bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = std::abs(static_cast<double>(bytes));
  std::size_t unit = 0;
  for (; size >= 1023.95 && unit + 1 < units.size(); ++unit) size /= 1024;
  const char* sign = bytes < 0 ? "-" : "";
  if (unit == 0) return fmt::format("{}{:.0f} B", sign, size);
  return fmt::format("{}{:.1f} {}", sign, size, units[unit]);
}

std::string text_page(unsigned page_lg2) {
  static constexpr std::array units{"", "K", "M", "G", "T", "P", "E"};
  return fmt::format("{}{}", 1U << page_lg2 % 10, units[page_lg2 / 10]);
}

namespace {

// `value` in the largest of the units, each 1000 of the one before, of which it is one at least.
template <std::size_t N>
std::string scaled(double value, const std::array<const char*, N>& units) {
  std::size_t unit = 0;
  for (; std::abs(value) >= 999.5 && unit + 1 < N; ++unit) value /= 1000;
  const double size = std::abs(value);
  const int decimals = unit == 0 && value == std::floor(value) ? 0
                       : size < 9.995                          ? 2
                       : size < 99.95                          ? 1
                                                               : 0;
  return fmt::format("{:.{}f}{}", value, decimals, units[unit]);
}

}  // namespace

std::string text_short(double count) {
  return scaled(count, std::array{"", " k", " M", " G", " T"});
}

std::string text_time_us(double us) { return scaled(us, std::array{" us", " ms", " s"}); }

std::string text_factor(double factor) {
  if (factor > 0 && factor < 0.005) return "<0.01x";
  const int decimals = factor < 9.995 ? 2 : factor < 99.95 ? 1 : 0;
  return grouped(fmt::format("{:.{}f}", factor, decimals)) + "x";
}

}  // namespace nestwalk
