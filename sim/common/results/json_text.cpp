#include "common/results/json_text.h"

namespace nestwalk {
namespace {

struct ToJson {
  Json operator()(Cell::Unknown) const { return nullptr; }
  template <class Value>
  Json operator()(const Value& value) const {
    return value;
  }
};

// If a list of numbers begins at `at`, the position of its closing bracket, else npos.
std::size_t end_of_numbers(const std::string& text, std::size_t at) {
  const std::size_t end = text.find_first_not_of("0123456789, \n", at + 1);
  return end != std::string::npos && text[end] == ']' ? end : std::string::npos;
}

}  // namespace

Json json_number(std::optional<double> number) { return number ? Json(*number) : Json(nullptr); }

Json json_cell(const Cell& cell) { return cell.visit(ToJson{}); }

std::string json_text(const Json& json) {
  const std::string spread = json.dump(1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  bool in_string = false;
  for (std::size_t i = 0; i < spread.size(); ++i) {
    const char c = spread[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') text += spread[i++];
    const std::size_t end = c == '[' && !in_string ? end_of_numbers(spread, i) : std::string::npos;
    if (end == std::string::npos) {
      text += spread[i];
      continue;
    }
    for (; i <= end; ++i)
      if (spread[i] != ' ' && spread[i] != '\n') text += spread[i];
    --i;
  }
  return text + '\n';
}

}  // namespace nestwalk
