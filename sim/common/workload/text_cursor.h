// Reads the parts of one line of a text trace, left to right. Independent of the locale.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace nestwalk {

class TextCursor {
 public:
  explicit TextCursor(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

  // At the end but for blanks.
  bool done() {
    skip_blanks();
    return at_ == end_;
  }
  // Whether there was at least one blank.
  bool skip_blanks() {
    const char* const start = at_;
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t')) ++at_;
    return at_ != start;
  }
  // The next character, taken; 0 at the end.
  char take() { return at_ == end_ ? '\0' : *at_++; }
  bool take(char expected) {
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }
  // 1..16 hexadecimal digits, with or without 0x.
  bool hex(std::uint64_t& value) {
    if (end_ - at_ > 2 && at_[0] == '0' && (at_[1] | 0x20) == 'x') at_ += 2;
    const char* const start = at_;
    value = 0;
    for (; at_ != end_; ++at_) {
      const std::int8_t digit = hex_digits[static_cast<unsigned char>(*at_)];
      if (digit < 0) break;
      value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return at_ != start && at_ - start <= 16;
  }
  // 1..9 decimal digits.
  bool decimal(std::uint64_t& value) {
    const char* const start = at_;
    value = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_)
      value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
    return at_ != start && at_ - start <= 9;
  }

 private:
  static constexpr std::array<std::int8_t, 256> hex_digits = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (int i = 0; i < 10; ++i)
      table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) {
      table[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
      table[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
    }
    return table;
  }();

  const char* at_;
  const char* end_;
};

}  // namespace nestwalk
