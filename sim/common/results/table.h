// A table of a report as data: built once from the results, then written as CSV with every digit or
// as text for people. What a number is (its Kind) decides how text rounds it; CSV never rounds.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/results/cell.h"

namespace nestwalk {

enum class Kind : std::uint8_t {
  label,    // words, to the left; the first columns, if labels, are repeated when a table is split
  words,    // the same, never repeated
  count,    // a whole number, with thousands separators
  number,   // a rate or a mean
  share,    // 0..1, as percent
  percent,  // the same without the sign, which then stands in the header
  bytes,    // in binary units
  page,     // lg2 of a page's bytes, as 4K, 2M, ...
  bar,      // 0..1, as a bar
};

enum class Shown : std::uint8_t { everywhere, csv, text };

struct Column {
  std::string key;     // in CSV
  std::string header;  // in text; may have several lines
  Kind kind = Kind::label;
  Shown shown = Shown::everywhere;
  bool drop_when_zero = false;  // text leaves the column out when no row has anything in it
};

struct Row {
  std::vector<Cell> cells;  // one for each column
  Shown shown = Shown::everywhere;
};

struct Table {
  std::string id{};     // CSV: id.csv
  std::string title{};  // text, with units
  std::vector<Column> columns{};
  std::vector<Row> rows{};
  Shown shown = Shown::everywhere;
  std::string note{};  // a paragraph of text below the table
};

// RFC 4180, with a header line; lines end in '\n'.
std::string to_csv(const Table& table);

struct TextStyle {
  bool colour = false;  // only for a terminal
  unsigned columns = 100;
};

// One cell as text shows it; "-" when unknown.
std::string cell_text(const Cell& cell, Kind kind);

// The table in text, empty when it has no row for text. One that is too wide is continued in
// further tables that repeat the leading label columns; where not even one other column fits beside
// those, each row becomes a block of lines.
std::string to_text(const Table& table, const TextStyle& style);

// `text` in bold when the style has colour.
std::string bold(const std::string& text, const TextStyle& style);
// The same, in lines that fit; ends in '\n'.
std::string bold_lines(const std::string& text, const TextStyle& style);

}  // namespace nestwalk
