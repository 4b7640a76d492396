// The chain input -> decompressor -> buffer, by Boost.Iostreams and libzstd.
#include "common/workload/byte_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "common/base/user_error.h"
#include "common/workload/zstd_filter.h"

namespace nestwalk {
namespace {

namespace io = boost::iostreams;
using namespace std::string_view_literals;

constexpr std::streamsize block_bytes = 64 << 10;

enum class Compression { none, gzip, xz, zstd };

// RFC 1952 section 2.3.1 (method 8, deflate, is the only one), the .xz file format section 2.1.1.1,
// RFC 8878 section 3.1.1.
Compression recognise(std::string_view head) {
  if (head.starts_with("\x1f\x8b\x08"sv)) return Compression::gzip;
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Compression::xz;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Compression::zstd;
  return Compression::none;
}

// A stream of which the first bytes have been taken already, and are put before the rest. Does not
// seek, so that a pipe will do.
struct Rejoined {
  using char_type = char;
  using category = io::source_tag;
  std::string_view head;
  std::istream* rest;

  std::streamsize read(char* out, std::streamsize size) {
    const auto want = static_cast<std::size_t>(size);
    if (!head.empty()) {
      const std::size_t count = head.copy(out, want);
      head.remove_prefix(count);
      return static_cast<std::streamsize>(count);
    }
    const std::streamsize got = rest->rdbuf()->sgetn(out, size);
    return got > 0 ? got : -1;
  }
};

std::string explain(const io::gzip_error& error) {
  if (error.error() == io::gzip::bad_crc) return "corrupt gzip data: checksum does not match";
  return "corrupt or truncated gzip data";
}

std::string explain(const io::lzma_error& error) {
  // lzma_code() could go no further because the input ended.
  if (error.error() == io::lzma::buf_error) return "truncated xz data";
  return "corrupt or unsupported xz data (at most 100 MiB of dictionary)";
}

}  // namespace

class ByteStream::Chain {
 public:
  explicit Chain(std::unique_ptr<std::istream> input) : input_(std::move(input)) {}

  std::size_t read(std::span<char> out) {
    if (!opened_) open();
    const auto got = buffer_.sgetn(out.data(), static_cast<std::streamsize>(out.size()));
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

 private:
  void open() {
    opened_ = true;
    const auto got = input_->rdbuf()->sgetn(head_, sizeof head_);
    const std::string_view head(head_, static_cast<std::size_t>(std::max<std::streamsize>(got, 0)));
    switch (recognise(head)) {
      case Compression::gzip:
        buffer_.push(io::gzip_decompressor(io::zlib::default_window_bits, block_bytes),
                     block_bytes);
        break;
      case Compression::xz:
        buffer_.push(io::lzma_decompressor(block_bytes), block_bytes);
        break;
      case Compression::zstd:
        buffer_.push(ZstdFilter(), block_bytes);
        break;
      case Compression::none:
        break;
    }
    buffer_.push(Rejoined{head, input_.get()}, block_bytes);
  }

  std::unique_ptr<std::istream> input_;
  io::filtering_streambuf<io::input> buffer_;
  char head_[6] = {};
  bool opened_ = false;
};

namespace {

std::unique_ptr<std::istream> open_file(const std::string& path) {
  errno = 0;
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file)
    throw UserErrors(UserError{path, 0, "", fmt::format("cannot open: {}", std::strerror(errno))});
  return file;
}

}  // namespace

ByteStream::ByteStream(const std::string& path) : ByteStream(open_file(path), path) {}
ByteStream::ByteStream(std::unique_ptr<std::istream> input, std::string name)
    : name_(std::move(name)), chain_(std::make_unique<Chain>(std::move(input))) {}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

std::size_t ByteStream::read(std::span<char> out, std::uint64_t line) {
  std::size_t filled = 0;
  if (!peeked_.empty()) {
    filled = peeked_.copy(out.data(), out.size(), peeked_at_);
    peeked_at_ += filled;
    if (peeked_at_ == peeked_.size()) peeked_ = {};
  }
  if (filled < out.size()) filled += pull(out.subspan(filled), line);
  bytes_read_ += filled;
  return filled;
}

std::string_view ByteStream::peek(std::size_t size) {
  const std::size_t known = peeked_.size();
  if (known < size) {
    peeked_.resize(size);
    peeked_.resize(known + pull(std::span(peeked_).subspan(known), 0));
  }
  return std::string_view(peeked_).substr(0, size);
}

std::size_t ByteStream::pull(std::span<char> out, std::uint64_t line) {
  try {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const std::size_t got = chain_->read(out.subspan(filled));
      if (got == 0) break;
      filled += got;
    }
    return filled;
  } catch (const io::gzip_error& error) {
    fail(line, explain(error));
  } catch (const io::lzma_error& error) {
    fail(line, explain(error));
  } catch (const ZstdError& error) {
    fail(line, fmt::format("corrupt or truncated zstd data: {}", error.what()));
  } catch (const std::exception& error) {
    fail(line, fmt::format("cannot read: {}", error.what()));
  }
}

void ByteStream::fail(std::uint64_t line, std::string message) const {
  throw UserErrors(UserError{name_, line, "", std::move(message)});
}

}  // namespace nestwalk
