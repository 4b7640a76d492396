// The lines of a byte stream, through one buffer of fixed size.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "common/workload/byte_stream.h"

namespace nestwalk {

class LineReader {
 public:
  static constexpr std::size_t buffer_bytes = 256 << 10;  // and the longest line

  explicit LineReader(ByteStream bytes) : bytes_(std::move(bytes)), buffer_(buffer_bytes) {}

  // The next line, without its end (LF or CR LF), valid until the next call. The last line needs
  // no end. False when there is none.
  bool next(std::string_view& line) {
    for (;;) {
      const char* const start = buffer_.data() + begin_;
      const auto* const end = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
      if (end != nullptr) [[likely]] {
        line = {start, static_cast<std::size_t>(end - start)};
        begin_ += line.size() + 1;
        break;
      }
      if (refill()) continue;
      if (begin_ == end_) return false;
      line = {buffer_.data() + begin_, end_ - begin_};
      begin_ = end_;
      break;
    }
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }
  // 1-based, of the line last delivered.
  std::uint64_t number() const { return number_; }
  [[noreturn]] void fail(std::string message) const { bytes_.fail(number_, std::move(message)); }

 private:
  // Moves the begun line to the front and reads on behind it. False at the end of the input.
  bool refill() {
    if (end_ - begin_ == buffer_.size())
      bytes_.fail(number_ + 1, "the line is longer than 256 KiB; this is no text trace");
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const std::size_t got = bytes_.read(std::span(buffer_).subspan(end_), number_ + 1);
    end_ += got;
    return got > 0;
  }

  ByteStream bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace nestwalk
