#include "common/config/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/random.h"

namespace nestwalk::config {
namespace {

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";

// A whole number with its base's prefix taken off; nothing if it needs more than 64 bits.
std::optional<std::uint64_t> parse_whole(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// digits [. digits] | . digits, then an optional exponent.
bool looks_real(std::string_view text) {
  const std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (!power.empty() && (power[0] == '+' || power[0] == '-')) power.remove_prefix(1);
    if (!all_of(power, digits)) return false;
    text = text.substr(0, exponent);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return all_of(text, digits);
  const std::string_view before = text.substr(0, dot), after = text.substr(dot + 1);
  if (before.empty()) return all_of(after, digits);
  return all_of(before, digits) && (after.empty() || all_of(after, digits));
}

Scalar number(double value, std::optional<std::uint64_t> whole) {
  Scalar out;
  out.type = whole ? Scalar::Type::whole : Scalar::Type::real;
  out.whole = whole.value_or(0);
  out.real = value;
  return out;
}

Scalar real_number(double value) {
  if (value >= 0 && value < 0x1p64 && value == std::floor(value))
    return number(value, static_cast<std::uint64_t>(value));
  return number(value, std::nullopt);
}

double parse_decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    const std::size_t power = text.find_first_of("eE");
    const bool tiny = power != std::string_view::npos && text[power + 1] == '-';
    return tiny ? 0 : HUGE_VAL;
  }
  return value;
}

}  // namespace

Scalar classify(const Raw& scalar) {
  return scalar.quoted ? Scalar{} : classify_plain(scalar.text);
}

Scalar classify_plain(std::string_view text) {
  if (text.empty()) return {};
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"})
    if (text == word) return {Scalar::Type::flag, word[0] == 't' || word[0] == 'T', 0, 0};
  for (const int base : {16, 8}) {
    const std::string_view prefix = base == 16 ? "0x" : "0o";
    const std::string_view set = base == 16 ? "0123456789abcdefABCDEF" : "01234567";
    if (!text.starts_with(prefix) || !all_of(text.substr(2), set)) continue;
    const std::optional<std::uint64_t> value = parse_whole(text.substr(2), base);
    return number(value ? static_cast<double>(*value) : HUGE_VAL, value);
  }
  std::string_view plain = text;
  const bool negative = plain[0] == '-';
  if (negative || plain[0] == '+') plain.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  for (const std::string_view word : {".inf", ".Inf", ".INF"})
    if (plain == word) return number(sign * HUGE_VAL, std::nullopt);
  for (const std::string_view word : {".nan", ".NaN", ".NAN"})
    if (text == word) return number(std::nan(""), std::nullopt);
  if (all_of(plain, digits)) {
    const std::optional<std::uint64_t> value = parse_whole(plain, 10);
    if (value && (!negative || *value == 0)) return number(static_cast<double>(*value), value);
    return number(sign * parse_decimal(plain), std::nullopt);
  }
  if (looks_real(plain)) return real_number(sign * parse_decimal(plain));
  return {};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned lg2 = 0;
  if (const std::size_t unit = std::string_view("KMGT").find(text.back());
      unit != std::string_view::npos) {
    lg2 = 10 * (static_cast<unsigned>(unit) + 1);
    text.remove_suffix(1);
  }
  const std::size_t dot = text.find('.');
  const std::string_view before = text.substr(0, dot);
  const std::string_view after = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (!all_of(before, digits) || before.size() > 15) return std::nullopt;
  if (dot != std::string_view::npos && (!all_of(after, digits) || after.size() > 9))
    return std::nullopt;
  Wide scaled = *parse_whole(before, 10), scale = 1;
  for (const char digit : after) {
    scaled = scaled * 10 + static_cast<unsigned>(digit - '0');
    scale *= 10;
  }
  scaled <<= lg2;
  const Wide bytes = scaled / scale;
  if (scaled % scale != 0 || bytes >> 64 != 0) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  for (const auto& [unit, lg2] : {std::pair{'T', 40}, {'G', 30}, {'M', 20}, {'K', 10}})
    if (bytes >> lg2 << lg2 == bytes) return fmt::format("{}{}", bytes >> lg2, unit);
  return fmt::format("{}", bytes);
}

std::string format_real(double value) { return fmt::format("{}", value); }

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > 60 ? out + "..." : out;
}

}  // namespace nestwalk::config
