// The bytes of a trace, decompressed while they are read: gzip, xz and zstd are recognised by their
// first bytes, whatever the file is called; everything else is taken as it is. Concatenated
// compressed streams are one. Knows nothing of formats inside.
#pragma once
#include <cstdint>
#include <istream>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nestwalk {

class ByteStream {
 public:
  // Throws UserErrors when there is no such file or it may not be read.
  explicit ByteStream(const std::string& path);
  // `name` stands for the file in messages.
  ByteStream(std::unique_ptr<std::istream> input, std::string name);
  ByteStream(ByteStream&&) noexcept;
  ~ByteStream();

  // Fills `out`; less only at the end. Throws UserErrors, with `line`, for what cannot be read or
  // decompressed.
  std::size_t read(std::span<char> out, std::uint64_t line = 0);
  // The first `size` bytes (fewer if there are no more), which stay to be read. Only before read().
  std::string_view peek(std::size_t size);

  const std::string& name() const { return name_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  // Throws UserErrors: `message` about this file.
  [[noreturn]] void fail(std::uint64_t line, std::string message) const;

 private:
  class Chain;
  std::size_t pull(std::span<char> out, std::uint64_t line);

  std::string name_;
  std::unique_ptr<Chain> chain_;
  std::string peeked_;  // not yet delivered from peeked_at_ on
  std::size_t peeked_at_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace nestwalk
