// What a plain YAML scalar means, by the core schema of YAML 1.2 (section 10.3.2): null,
// true/false, integer, number, text. `off` and `yes` are text. Byte sizes are our own: 16G,
// 4K, 1.5M (binary).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/raw.h"

namespace nestwalk::config {

struct Scalar {
  enum class Type : std::uint8_t { flag, whole, real, text };
  Type type = Type::text;
  bool flag = false;
  std::uint64_t whole = 0;  // of a whole number from 0 to 2^64-1, however written (1e6 is one)
  double real = 0;          // of any number
};

Scalar classify_plain(std::string_view text);
Scalar classify(const Raw& scalar);  // what is in quotes is text

// "16G" to bytes; K, M, G, T are powers of 1024; a fraction must come out whole.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
// The shortest form that parse_bytes reads back: 4096 is "4K".
std::string format_bytes(std::uint64_t bytes);
// The JSON Schema pattern of what parse_bytes takes.
inline constexpr const char* bytes_pattern = "^[0-9]{1,15}(\\.[0-9]{1,9})?[KMGT]?$";

// The shortest decimal that reads back as the same number and as a number.
std::string format_real(double value);

// Text for a message: control characters replaced, cut at 60 characters.
std::string shown(std::string_view text);

}  // namespace nestwalk::config
