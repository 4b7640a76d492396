#include "common/measure/measurement_csv.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "common/base/user_error.h"

namespace nestwalk {
namespace {

constexpr std::size_t column_count = 8;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void line(std::string_view line) {
    ++number_;
    line = trimmed(line);
    if (line.empty()) return;
    if (line.front() == '#')
      comment(trimmed(line.substr(1)));
    else if (!columns_seen_)
      column_names(line);
    else
      point(line);
  }

  Measurement take() {
    if (!columns_seen_ && errors_.empty())
      errors_.push_back(
          {file_, 0, "", fmt::format("no measurement; wanted: {}", measurement_columns)});
    if (columns_seen_ && read_.points.empty() && errors_.empty())
      errors_.push_back({file_, 0, "", "has no points; at least one line below the column names"});
    if (!errors_.empty()) throw UserErrors(std::move(errors_));
    return std::move(read_);
  }

 private:
  void wrong(std::string_view key, std::string message) {
    errors_.push_back({file_, number_, std::string(key), std::move(message)});
  }

  void comment(std::string_view comment) {
    const auto colon = comment.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view key = trimmed(comment.substr(0, colon));
    const std::string value(trimmed(comment.substr(colon + 1)));
    MachineFacts& machine = read_.machine;
    if (key == "machine") machine.model_name = value;
    if (key == "vendor") machine.vendor = value;
    if (key == "family") machine.family = value;
    if (key == "model") machine.model = value;
    if (key == "stepping") machine.stepping = value;
    if (key == "kernel") machine.kernel = value;
    if (key == "date") machine.date = value;
    if (key == "hypervisor") hypervisor(value);
    if (key == "line_step_bytes") {
      if (const auto step = parsed<std::uint64_t>(value); step && *step % 64 == 0)
        read_.line_step_bytes = *step;
      else
        wrong(key, fmt::format("'{}' is no step; allowed: multiples of 64", value));
    }
  }

  void hypervisor(const std::string& value) {
    for (const Hypervisor one : {Hypervisor::no, Hypervisor::yes, Hypervisor::unknown})
      if (value == name(one)) {
        read_.machine.hypervisor = one;
        return;
      }
    wrong("hypervisor", fmt::format("is '{}'; allowed: yes, no, unknown", value));
  }

  void column_names(std::string_view line) {
    columns_seen_ = true;
    if (line != measurement_columns)
      wrong("", fmt::format("the columns are '{}'; wanted: {}", line, measurement_columns));
  }

  void point(std::string_view line) {
    const auto fields = fields_of(line);
    if (fields.size() != column_count) {
      wrong("", fmt::format("{} fields; wanted: {}", fields.size(), measurement_columns));
      return;
    }
    Point point;
    point.spec.kind = kind(fields[0]);
    point.spec.page_bytes = page("page_bytes", fields[1]);
    point.obtained_page_bytes = page("obtained_page_bytes", fields[2]);
    point.spec.pages = whole("pages", fields[3], std::uint64_t{1} << 40);
    point.spec.chains = static_cast<std::uint32_t>(whole("chains", fields[4], 64));
    point.frequency_mhz = positive("frequency_mhz", fields[5]);
    point.min_ns = positive("min_ns", fields[6]);
    if (!fields[7].empty()) point.median_ns = positive("median_ns", fields[7]);
    if (point.median_ns && *point.median_ns < point.min_ns)
      wrong("median_ns", fmt::format("{} lies below min_ns, {}", *point.median_ns, point.min_ns));
    read_.points.push_back(point);
  }

  PointKind kind(std::string_view field) {
    for (const PointKind one : all_point_kinds)
      if (field == name(one)) return one;
    wrong("kind", fmt::format("is '{}'; allowed: chase, lines, stream, touch", field));
    return PointKind::chase;
  }
  std::uint64_t whole(std::string_view key, std::string_view field, std::uint64_t most) {
    if (const auto value = parsed<std::uint64_t>(field); value && *value >= 1 && *value <= most)
      return *value;
    wrong(key, fmt::format("is '{}'; allowed: whole numbers from 1 to {}", field, most));
    return 1;
  }
  std::uint64_t page(std::string_view key, std::string_view field) {
    constexpr std::uint64_t least = 4096, most = std::uint64_t{1} << 34;
    if (const auto value = parsed<std::uint64_t>(field);
        value && *value >= least && *value <= most && std::has_single_bit(*value))
      return *value;
    wrong(key, fmt::format("is '{}'; allowed: powers of two from {} to {}", field, least, most));
    return least;
  }
  double positive(std::string_view key, std::string_view field) {
    if (const auto value = parsed<double>(field); value && std::isfinite(*value) && *value > 0)
      return *value;
    wrong(key, fmt::format("is '{}'; allowed: numbers above 0", field));
    return 1;
  }

  std::string file_;
  std::uint64_t number_ = 0;
  bool columns_seen_ = false;
  Measurement read_;
  std::vector<UserError> errors_;
};

}  // namespace

Measurement read_measurement(std::string_view text, const std::string& file) {
  Reader reader(file);
  while (!text.empty()) {
    const auto end = text.find('\n');
    reader.line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.take();
}

}  // namespace nestwalk
