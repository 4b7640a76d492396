// Tables as text: aligned columns, a rule under the header, split when they are too wide. ASCII
// only, so that a byte is a column of the terminal (words of the user may hold more, and then align
// less).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "common/base/check.h"
#include "common/results/number_text.h"
#include "common/results/table.h"
#include "common/results/wrap.h"

namespace nestwalk {
namespace {

constexpr std::size_t bar_width = 20;
constexpr std::size_t indent = 2, gap = 2;

struct CellText {
  Kind kind;
  std::string operator()(Cell::Unknown) const { return "-"; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(std::uint64_t value) const {
    if (kind == Kind::bytes) return text_bytes(static_cast<std::int64_t>(value));
    if (kind == Kind::page) return text_page(static_cast<unsigned>(value));
    return text_count(value);
  }
  std::string operator()(std::int64_t value) const {
    if (kind == Kind::bytes) return text_bytes(value);
    const auto size = static_cast<std::uint64_t>(value);
    return value < 0 ? "-" + text_count(0 - size) : text_count(size);
  }
  std::string operator()(double value) const {
    if (kind == Kind::share) return text_share(value);
    if (kind == Kind::percent) return value == 0 ? "0" : fmt::format("{:.1f}", 100 * value);
    if (kind == Kind::bar) {
      const double length = std::round(value * static_cast<double>(bar_width));
      return std::string(static_cast<std::size_t>(length), '#');
    }
    return text_number(value);
  }
};

struct IsZero {
  bool operator()(Cell::Unknown) const { return true; }
  bool operator()(const std::string&) const { return false; }
  template <class Number>
  bool operator()(Number number) const {
    return number == Number{};
  }
};

// One column, ready to print: the lines of its header and its cells, all of one width.
struct TextColumn {
  bool left = false;
  bool leading = false;  // a label before the first number: repeated when the table is split
  std::vector<std::string> header;
  std::vector<std::string> cells;
  std::size_t width = 0;

  std::string padded(const std::string& text) const {
    return left ? fmt::format("{:<{}}", text, width) : fmt::format("{:>{}}", text, width);
  }
};

TextColumn make_column(const Table& table, std::size_t at, const std::vector<const Row*>& rows) {
  const Column& column = table.columns[at];
  TextColumn made;
  made.left = column.kind == Kind::label || column.kind == Kind::words || column.kind == Kind::bar;
  std::istringstream lines(column.header);
  for (std::string line; std::getline(lines, line);) made.header.push_back(line);
  for (const Row* row : rows) made.cells.push_back(cell_text(row->cells[at], column.kind));
  for (const std::string& line : made.header) made.width = std::max(made.width, line.size());
  for (const std::string& cell : made.cells) made.width = std::max(made.width, cell.size());
  return made;
}

std::vector<TextColumn> make_columns(const Table& table, const std::vector<const Row*>& rows) {
  std::vector<TextColumn> columns;
  bool leading = true;
  for (std::size_t at = 0; at < table.columns.size(); ++at) {
    const Column& column = table.columns[at];
    if (column.shown == Shown::csv) continue;
    const auto zero = [&](const Row* row) { return row->cells[at].visit(IsZero{}); };
    if (column.drop_when_zero && std::all_of(rows.begin(), rows.end(), zero)) continue;
    leading = leading && (column.kind == Kind::label || column.kind == Kind::page);
    columns.push_back(make_column(table, at, rows));
    columns.back().leading = leading;
  }
  return columns;
}

std::string join(const std::vector<const TextColumn*>& columns, auto&& text_of) {
  std::string line(indent, ' ');
  for (const TextColumn* column : columns) {
    if (line.size() > indent) line.append(gap, ' ');
    line += text_of(*column);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

// The header lines (those of fewer lines stand on the rule), the rule and the rows.
std::string render(const std::vector<const TextColumn*>& columns, std::size_t row_count) {
  std::size_t height = 0;
  for (const TextColumn* column : columns) height = std::max(height, column->header.size());
  std::string text;
  for (std::size_t line = 0; line < height; ++line)
    text += join(columns, [&](const TextColumn& column) {
      const std::size_t skip = height - column.header.size();
      return column.padded(line < skip ? "" : column.header[line - skip]);
    });
  text += join(columns, [](const TextColumn& column) { return std::string(column.width, '-'); });
  for (std::size_t row = 0; row < row_count; ++row)
    text +=
        join(columns, [&](const TextColumn& column) { return column.padded(column.cells[row]); });
  return text;
}

// Which columns stand side by side: as many as fit, each group begun by the leading ones.
std::vector<std::vector<const TextColumn*>> fit(const std::vector<TextColumn>& columns,
                                                std::size_t width) {
  std::vector<const TextColumn*> leading;
  std::size_t leading_width = indent;
  std::vector<std::vector<const TextColumn*>> groups;
  std::size_t used = 0;
  for (const TextColumn& column : columns) {
    const std::size_t needed = column.width + gap;
    if (column.leading) {
      leading.push_back(&column);
      leading_width += needed;
      continue;
    }
    const bool full =
        used + column.width > width && groups.size() && groups.back().size() > leading.size();
    if (groups.empty() || full) {
      groups.push_back(leading);
      used = leading_width;
    }
    groups.back().push_back(&column);
    used += needed;
  }
  if (groups.empty()) groups.push_back(leading);
  return groups;
}

bool fits_beside_labels(const std::vector<TextColumn>& columns, std::size_t width) {
  std::size_t leading = indent, widest = 0;
  for (const TextColumn& column : columns)
    if (column.leading)
      leading += column.width + gap;
    else
      widest = std::max(widest, column.width);
  return leading + widest <= width;
}

// Per row: its labels, and below them a line for each other column.
std::string render_blocks(const std::vector<TextColumn>& columns, std::size_t row_count,
                          std::size_t width) {
  std::string text;
  for (std::size_t row = 0; row < row_count; ++row) {
    std::string labels;
    for (const TextColumn& column : columns)
      if (column.leading) labels += column.cells[row] + ' ';
    text += wrapped(std::string(indent, ' '), labels, width);
    for (const TextColumn& column : columns) {
      if (column.leading) continue;
      std::string line;
      for (const std::string& part : column.header) line += part + ' ';
      text += wrapped(std::string(2 * indent, ' '), line + "= " + column.cells[row], width);
    }
  }
  return text;
}

}  // namespace

std::string cell_text(const Cell& cell, Kind kind) { return cell.visit(CellText{kind}); }

std::string bold(const std::string& text, const TextStyle& style) {
  return style.colour ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string bold_lines(const std::string& text, const TextStyle& style) {
  std::istringstream lines(wrapped("", text, style.columns));
  std::string bolder;
  for (std::string line; std::getline(lines, line);) bolder += bold(line, style) + '\n';
  return bolder;
}

std::string to_text(const Table& table, const TextStyle& style) {
  std::vector<const Row*> rows;
  for (const Row& row : table.rows) {
    NW_CHECK(row.cells.size() == table.columns.size(), "table {}", table.id);
    if (row.shown != Shown::csv) rows.push_back(&row);
  }
  if (rows.empty() || table.shown == Shown::csv) return {};
  const auto columns = make_columns(table, rows);
  std::string text;
  if (!fits_beside_labels(columns, style.columns))
    text = bold_lines(table.title, style) + render_blocks(columns, rows.size(), style.columns);
  else
    for (const auto& group : fit(columns, style.columns)) {
      const std::string title = table.title + (text.empty() ? "" : " (continued)");
      text += (text.empty() ? "" : "\n") + bold_lines(title, style) + render(group, rows.size());
    }
  if (!table.note.empty()) text += wrapped(std::string(indent, ' '), table.note, style.columns);
  return text;
}

}  // namespace nestwalk
