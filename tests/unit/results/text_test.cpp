// Numbers, wrapping and tables as text.
#include <doctest/doctest.h>

#include <sstream>

#include "common/results/number_text.h"
#include "common/results/table.h"
#include "common/results/wrap.h"

using namespace nestwalk;

TEST_CASE("numbers for people") {
  CHECK(text_count(0) == "0");
  CHECK(text_count(999) == "999");
  CHECK(text_count(1000) == "1,000");
  CHECK(text_count(12345678) == "12,345,678");
  CHECK(text_number(0) == "0.00");
  CHECK(text_number(5.034) == "5.03");
  CHECK(text_number(99.999) == "100.0");
  CHECK(text_number(1234.56) == "1,234.6");
  CHECK(text_number(9999.99) == "10,000");
  CHECK(text_number(-1234567.8) == "-1,234,568");
  CHECK(text_number(-123) == "-123.0");
  CHECK(text_share(0.381) == "38.1 %");
  CHECK(text_share(0) == "0.0 %");
  CHECK(text_share(0.0001) == "<0.1 %");
  CHECK(text_bytes(0) == "0 B");
  CHECK(text_bytes(1023) == "1023 B");
  CHECK(text_bytes(1024) == "1.0 KiB");
  CHECK(text_bytes((1 << 20) - 1) == "1.0 MiB");
  CHECK(text_bytes(-(std::int64_t{3} << 29)) == "-1.5 GiB");
  CHECK(text_page(12) == "4K");
  CHECK(text_page(16) == "64K");
  CHECK(text_page(21) == "2M");
  CHECK(text_page(30) == "1G");
  CHECK(text_page(39) == "512G");
  CHECK(text_short(820) == "820");
  CHECK(text_short(53'000'000) == "53.0 M");
  CHECK(text_short(999'600) == "1.00 M");
  CHECK(text_short(2.5) == "2.50");
  CHECK(text_time_us(3.2) == "3.20 us");
  CHECK(text_time_us(41'690) == "41.7 ms");
  CHECK(text_time_us(2e6) == "2.00 s");
  CHECK(text_factor(0.412) == "0.41x");
  CHECK(text_factor(0.001) == "<0.01x");
  CHECK(text_factor(9.996) == "10.0x");
  CHECK(text_factor(1234) == "1,234x");
}

TEST_CASE("wrapping") {
  CHECK(wrapped("  ! ", "one two three", 100) == "  ! one two three\n");
  CHECK(wrapped("- ", "one two three", 10) == "- one two\n  three\n");
  CHECK(wrapped("", "abcdefghijkl xy", 8) == "abcdefgh\nijkl xy\n");
  CHECK(wrapped("a: ", "", 20) == "a:\n");
}

namespace {

Table small_table() {
  return {.id = "t",
          .title = "A table",
          .columns = {{"name", "name"},
                      {"n", "many\nthings", Kind::count},
                      {"zero", "zero", Kind::count, Shown::everywhere, true},
                      {"exact", "", Kind::number, Shown::csv},
                      {"share", "share", Kind::share}},
          .rows = {{{"a, \"b\"", std::uint64_t{1234}, std::uint64_t{0}, 0.1, 0.25}},
                   {{"hidden", std::uint64_t{0}, std::uint64_t{0}, Cell{}, Cell{}}, Shown::csv}}};
}

}  // namespace

TEST_CASE("a table as text: aligned, without empty columns and hidden rows") {
  CHECK(to_text(small_table(), {}) ==
        "A table\n"
        "            many\n"
        "  name    things   share\n"
        "  ------  ------  ------\n"
        "  a, \"b\"   1,234  25.0 %\n");
  CHECK(to_text(small_table(), {.colour = true}).starts_with("\x1b[1mA table\x1b[0m\n"));
  Table empty = small_table();
  empty.rows.clear();
  CHECK(to_text(empty, {}).empty());
}

TEST_CASE("a table as CSV: everything, unrounded, quoted where needed") {
  CHECK(to_csv(small_table()) ==
        "name,n,zero,exact,share\n"
        "\"a, \"\"b\"\"\",1234,0,0.1,0.25\n"
        "hidden,0,0,,\n");
}

TEST_CASE("a table that is too wide is split, each part begun by the labels") {
  Table wide{.id = "w", .title = "Wide", .columns = {{"name", "name"}}, .rows = {{{"row"}}}};
  for (int i = 0; i < 30; ++i) {
    wide.columns.push_back({"c", "column", Kind::count});
    wide.rows[0].cells.push_back(static_cast<std::uint64_t>(1000 + i));
  }
  const std::string text = to_text(wide, {.columns = 80});
  std::istringstream lines(text);
  std::size_t parts = 0;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 80);
    parts += line.starts_with("  row");
  }
  CHECK(parts == 4);  // 6 + 9 * 8 columns fit into 80
  for (int i = 0; i < 30; ++i) CHECK(text.find(text_count(1000U + i)) != std::string::npos);
}

TEST_CASE("where no column fits beside the labels, rows become blocks") {
  const Table table{.id = "b",
                    .title = "Blocks",
                    .columns = {{"key", "key"}, {"a", "first", Kind::words}, {"b", "two\nlines"}},
                    .rows = {{{"k long key of this row", "a long value of it", "w"}}}};
  CHECK(to_text(table, {.columns = 30}) ==
        "Blocks\n"
        "  k long key of this row\n"
        "    first = a long value of it\n"
        "    two lines = w\n");
}
