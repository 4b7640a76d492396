#include <doctest/doctest.h>

#include <cstring>

#include "support.h"

using namespace workload_test;

namespace {

// Lines that do not compress to nothing, so that there is something to cut into.
std::string some_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "R " + std::to_string(i * 7919 % 100'003) + "\n";
  return text;
}

struct Method {
  std::string name;
  std::string (*compress)(const std::string&);
};
const std::vector<Method> methods{{"gzip", gzipped}, {"xz", xzipped}, {"zstd", zstandard}};

}  // namespace

TEST_CASE("every compression is recognised by its bytes and read through") {
  const std::string text = some_lines(30'000);
  const auto expected = read_all(TraceFormat::plain, text);
  REQUIRE(expected.size() == 30'000);
  for (const Method& method : methods) {
    const std::string packed = method.compress(text);
    REQUIRE(packed.size() < text.size() / 2);
    CHECK_MESSAGE(read_all(TraceFormat::plain, packed) == expected, method.name);
    CHECK_MESSAGE(read_all(TraceFormat::automatic, packed) == expected, method.name);
  }
}

TEST_CASE("concatenated compressed streams are one") {
  const std::string a = some_lines(1000), b = "W abc\n";
  for (const Method& method : methods)
    CHECK_MESSAGE(
        read_all(TraceFormat::plain, method.compress(a) + method.compress(b)).size() == 1001,
        method.name);
}

TEST_CASE("a compressed stream cut anywhere is refused, never taken for complete") {
  const std::string text = some_lines(3000);
  for (const Method& method : methods) {
    const std::string packed = method.compress(text);
    for (const std::size_t cut :
         {std::size_t{7}, std::size_t{20}, packed.size() / 3, packed.size() / 2, packed.size() - 8,
          packed.size() - 4, packed.size() - 1}) {
      const std::string error =
          error_of([&] { read_all(TraceFormat::plain, packed.substr(0, cut)); });
      CHECK_MESSAGE(error.starts_with("trace"), method.name << " cut at " << cut << ": " << error);
      CHECK_MESSAGE(error.find("truncated") != std::string::npos, error);
      CHECK_MESSAGE(error.find(method.name) != std::string::npos, error);
    }
  }
}

TEST_CASE("damage inside a compressed stream is refused, with the line it was met at") {
  const std::string text = some_lines(100'000);
  for (const Method& method : methods) {
    std::string packed = method.compress(text);
    for (std::size_t i = 0; i < 2000; ++i) packed[packed.size() / 2 + i] = '\xff';
    const std::string error = error_of([&] { read_all(TraceFormat::plain, packed); });
    // By the decompressor, or, where it gave rubbish before it noticed, by the grammar.
    REQUIRE_MESSAGE(error.starts_with("trace:"), method.name << ": " << error);
    CHECK_MESSAGE(std::isdigit(static_cast<unsigned char>(error[6])), error);
  }
}

TEST_CASE("damage at the start of the compressed data is the decompressor's to refuse") {
  for (const Method& method : methods) {
    std::string packed = method.compress(some_lines(1000));
    for (std::size_t i = 12; i < 60; ++i) packed[i] = '\xff';
    const std::string error = error_of([&] { read_all(TraceFormat::plain, packed); });
    CHECK_MESSAGE(error.find("corrupt") != std::string::npos, method.name << ": " << error);
    CHECK_MESSAGE(error.find(method.name) != std::string::npos, error);
  }
}

TEST_CASE("gzip: a wrong checksum is refused") {
  std::string packed = gzipped(some_lines(10));
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);
  CHECK(error_of([&] {
          read_all(TraceFormat::plain, packed);
        }).ends_with("corrupt gzip data: checksum does not match"));
}

TEST_CASE("rubbish after a compressed stream is refused") {
  for (const Method& method : methods) {
    const std::string error =
        error_of([&] { read_all(TraceFormat::plain, method.compress("R 1\n") + "rubbish bytes"); });
    CHECK_MESSAGE(error.find("corrupt") != std::string::npos, method.name << ": " << error);
  }
}

TEST_CASE("an empty compressed stream is an empty trace") {
  CHECK(error_of([&] { read_all(TraceFormat::plain, gzipped("")); }) ==
        "trace: the trace is empty");
  CHECK(error_of([&] { read_all(TraceFormat::plain, xzipped("")); }) ==
        "trace: the trace is empty");
  CHECK(error_of([&] { read_all(TraceFormat::plain, zstandard("")); }) ==
        "trace: the trace is empty");
}

TEST_CASE("peeking takes nothing away, in any size") {
  ByteStream bytes = bytes_of("abcdef");
  CHECK(bytes.peek(1) == "a");
  CHECK(bytes.peek(4) == "abcd");
  CHECK(bytes.peek(2) == "ab");
  CHECK(bytes.peek(100) == "abcdef");
  char out[4] = {};
  CHECK(bytes.read(out) == 4);
  CHECK(std::string(out, 4) == "abcd");
  CHECK(bytes.read(out) == 2);
  CHECK(std::string(out, 2) == "ef");
  CHECK(bytes.read(out) == 0);
  CHECK(bytes.bytes_read() == 6);
}
