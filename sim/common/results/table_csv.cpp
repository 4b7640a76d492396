// Tables as CSV (RFC 4180, but with '\n' as Unix tools like it). Doubles are written as the
// shortest decimal that reads back as the same double.
#include <fmt/format.h>

#include "common/base/check.h"
#include "common/results/table.h"

namespace nestwalk {
namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

struct CsvCell {
  std::string operator()(Cell::Unknown) const { return {}; }
  std::string operator()(const std::string& text) const { return csv_field(text); }
  std::string operator()(std::uint64_t value) const { return fmt::format("{}", value); }
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
};

}  // namespace

std::string to_csv(const Table& table) {
  std::string csv;
  const auto add_line = [&](auto&& field_of) {
    bool first = true;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].shown == Shown::text) continue;
      if (!first) csv += ',';
      first = false;
      csv += field_of(i);
    }
    csv += '\n';
  };
  add_line([&](std::size_t i) { return csv_field(table.columns[i].key); });
  for (const Row& row : table.rows) {
    NW_CHECK(row.cells.size() == table.columns.size(), "table {}", table.id);
    if (row.shown == Shown::text) continue;
    add_line([&](std::size_t i) { return row.cells[i].visit(CsvCell{}); });
  }
  return csv;
}

}  // namespace nestwalk
