#include <doctest/doctest.h>

#include "common/workload/text_grammar.h"
#include "support.h"

using namespace workload_test;

namespace {

MemoryAccess access(std::uint64_t va, AccessKind kind, std::uint8_t size, std::uint16_t space = 0) {
  return {Va{va}, kind, size, space, false};
}
std::string error_in(TraceFormat format, const std::string& text) {
  return error_of([&] { read_all(format, text); });
}
constexpr auto R = AccessKind::read, W = AccessKind::write, I = AccessKind::fetch;

}  // namespace

TEST_CASE("lackey: the four kinds of line, Valgrind's own lines left out") {
  const auto found = read_all(TraceFormat::lackey,
                              "==123== Lackey, an example Valgrind tool\n"
                              "--123-- a warning\n"
                              "**123** a message\n"
                              "I  04001090,3\n"
                              " L 1ffeffe7e0,8\n"
                              " S 0421d0F8,4\r\n"
                              "\n"
                              " M 0421c7cc,4\n"
                              "==123== done");
  CHECK(found == std::vector<MemoryAccess>{access(0x4001090, I, 3), access(0x1ffeffe7e0, R, 8),
                                           access(0x421d0f8, W, 4), access(0x421c7cc, R, 4),
                                           access(0x421c7cc, W, 4)});
}

TEST_CASE("plain: size and asid may be left out; comments and blank lines") {
  const auto found = read_all(TraceFormat::plain,
                              "# a comment\n"
                              "R 1000\n"
                              "W 0x2008 4\n"
                              "   # another, indented\n"
                              "  \t\n"
                              "I ffff800000001234 16 65535  \n"
                              " R\tabc 1 0");
  CHECK(found == std::vector<MemoryAccess>{access(0x1000, R, 8), access(0x2008, W, 4),
                                           access(0xffff800000001234, I, 16, 65535),
                                           access(0xabc, R, 1)});
}

TEST_CASE("an access across a page is split, one wider than 64 bytes too") {
  CHECK(read_all(TraceFormat::plain, "R 1ffe 8 5\n") ==
        std::vector<MemoryAccess>{access(0x1ffe, R, 2, 5), access(0x2000, R, 6, 5)});
  CHECK(read_all(TraceFormat::plain, "R 1fc0 64\n") ==
        std::vector<MemoryAccess>{access(0x1fc0, R, 64)});
  CHECK(read_all(TraceFormat::plain, "W 1f90 144\n") ==
        std::vector<MemoryAccess>{access(0x1f90, W, 48), access(0x1fc0, W, 64),
                                  access(0x2000, W, 32)});
  CHECK(read_all(TraceFormat::lackey, " M 1fff,2\n") ==
        std::vector<MemoryAccess>{access(0x1fff, R, 1), access(0x2000, R, 1), access(0x1fff, W, 1),
                                  access(0x2000, W, 1)});
  CHECK(read_all(TraceFormat::plain, "R ffffffffffffffff 1\n") ==
        std::vector<MemoryAccess>{access(~std::uint64_t{0}, R, 1)});
}

TEST_CASE("pieces that do not fit a batch come with the next one") {
  const std::string text = " M 1fff,512\n L 5000,8\n";
  const auto whole = read_all(TraceFormat::lackey, text, 100);
  CHECK(whole.size() == 2 * (2 + 8) - 1);
  for (const std::size_t batch : {1, 2, 3, 7})
    CHECK(read_all(TraceFormat::lackey, text, batch) == whole);
}

TEST_CASE("lines that cannot be read are refused with their number") {
  const std::string lackey =
      "; allowed: \"I  addr,size\", \" L addr,size\", \" S addr,size\" or \" M addr,size\"";
  CHECK(error_in(TraceFormat::lackey, "==1==\n L 10,8\n X 10,8\n") ==
        "trace:3: cannot read \" X 10,8\"" + lackey);
  for (const std::string line :
       {" L10,8", " L 10", " L 10,", " L ,8", " L 10 8", " L 10,8x", " L 1g,8", "L", "I",
        " L 12345678901234567,8", " L 10,1234567890", " L 10,-1", " L 10,+1"})
    CHECK(error_in(TraceFormat::lackey, line) == "trace:1: cannot read \"" + line + "\"" + lackey);

  const std::string plain =
      "; allowed: \"R|W|I hexaddr [size [asid]]\", or a comment that begins with #";
  for (const std::string line : {"X 10 8", "r 10", "R", "R ", "R10", "R zz", "R 0x", "R 10 8 0 9",
                                 "R 10 8,0", "R 10 0x8", "RW 10 8", "R 10 8 # no"})
    CHECK(error_in(TraceFormat::plain, "# one\n\n" + line) ==
          "trace:3: cannot read \"" + line + "\"" + plain);
}

TEST_CASE("a long or unprintable line is shown in part") {
  CHECK(error_in(TraceFormat::plain, std::string("R \x01\xff") + std::string(100, 'q'))
            .starts_with("trace:1: cannot read \"R ??" + std::string(36, 'q') + "...\"; allowed"));
}

TEST_CASE("values out of range are refused with line and range") {
  CHECK(error_in(TraceFormat::plain, "R 10 0") == "trace:1: size is 0; allowed: 1 to 4096");
  CHECK(error_in(TraceFormat::plain, "\nR 10 4097") == "trace:2: size is 4097; allowed: 1 to 4096");
  CHECK(error_in(TraceFormat::plain, "R 10 8 65536") ==
        "trace:1: asid is 65536; allowed: 0 to 65535");
  CHECK(error_in(TraceFormat::lackey, " L 10,0") == "trace:1: size is 0; allowed: 1 to 4096");
  CHECK(error_in(TraceFormat::plain, "R fffffffffffffffc 8") ==
        "trace:1: the access runs past the end of the address space");
}

TEST_CASE("an endless line is refused") {
  CHECK(error_in(TraceFormat::plain, "R 10\nR " + std::string(300 << 10, '0')) ==
        "trace:2: the line is longer than 256 KiB; this is no text trace");
}

TEST_CASE("lines lie anywhere across the blocks that are read") {
  std::string text;
  std::vector<MemoryAccess> expected;
  for (std::uint64_t i = 1; i <= 60'000; ++i) {
    text += "R " + std::to_string(i % 7) + std::string(i % 5, '0') + " 1\n";
    expected.push_back(access((i % 7) << (4 * (i % 5)), R, 1));
  }
  REQUIRE(text.size() > 300'000);
  CHECK(read_all(TraceFormat::plain, text, 1000) == expected);
}
