// Plain scalars by YAML 1.2's core schema, and byte sizes.
#include "common/config/scalar.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace nestwalk::config;
using Type = Scalar::Type;

TEST_CASE("plain scalars have the type of the core schema") {
  CHECK(classify_plain("true").type == Type::flag);
  CHECK(classify_plain("FALSE").flag == false);
  for (const char* text :
       {"off", "on", "yes", "no", "4K",   "0x",   "0o8", "1_000", "1.2.3", "e5",
        ".",   "-",  "+",   "1e", "0x1g", "tRue", "--1", "1e+",   ".e5",   "inf"})
    CHECK_MESSAGE(classify_plain(text).type == Type::text, text);
  CHECK(classify_plain("0x1F").whole == 31);
  CHECK(classify_plain("0o17").whole == 15);
  CHECK(classify_plain("017").whole == 17);
  CHECK(classify_plain("+7").whole == 7);
  CHECK(classify_plain("-0").whole == 0);
  CHECK(classify_plain("1e6").whole == 1'000'000);
  CHECK(classify_plain("2.0").whole == 2);
  CHECK(classify_plain("18446744073709551615").whole == ~std::uint64_t{0});
}

TEST_CASE("numbers that are not whole and in 64 bits are real") {
  for (const char* text : {"-1", "2.5", "18446744073709551616", "0x10000000000000000", "1e-3",
                           "1e400", "-1e400", ".inf", "-.INF", ".nan"})
    CHECK_MESSAGE(classify_plain(text).type == Type::real, text);
  CHECK(classify_plain("-1").real == -1);
  CHECK(classify_plain(".5").real == 0.5);
  CHECK(classify_plain("5.").real == 5);
  CHECK(classify_plain("1e400").real == HUGE_VAL);
  CHECK(classify_plain("1e-400").real == 0);
  CHECK(std::isnan(classify_plain(".nan").real));
}

TEST_CASE("what is in quotes is text") {
  Raw raw;
  raw.type = Raw::Type::scalar;
  raw.text = "12";
  CHECK(classify(raw).type == Type::whole);
  raw.quoted = true;
  CHECK(classify(raw).type == Type::text);
}

TEST_CASE("byte sizes are binary and come out whole") {
  CHECK(parse_bytes("4096") == 4096);
  CHECK(parse_bytes("4K") == 4096);
  CHECK(parse_bytes("1.5M") == 3 << 19);
  CHECK(parse_bytes("0.25K") == 256);
  CHECK(parse_bytes("16T") == std::uint64_t{1} << 44);
  CHECK(parse_bytes("16777215T") == std::uint64_t{16777215} << 40);
  for (const char* text : {"", "K", "1.5", "0.3K", "4k", "4KB", "-4K", "1.K", ".5K", "16777216T",
                           "1 K", "0x10", "1e3"})
    CHECK_MESSAGE(!parse_bytes(text), text);
}

TEST_CASE("byte sizes are written so that they read back") {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{4096},
        std::uint64_t{3} << 19, std::uint64_t{1} << 40, ~std::uint64_t{0} >> 24 << 10})
    CHECK(parse_bytes(format_bytes(bytes)) == bytes);
  CHECK(format_bytes(1 << 20) == "1M");
  CHECK(format_bytes(3 << 19) == "1536K");
}

TEST_CASE("text in messages is tame") {
  CHECK(shown("a\x1b[2Jb\n") == "a?[2Jb?");
  CHECK(shown(std::string(100, 'x')) == std::string(60, 'x') + "...");
}
