#include "common/scenario/junit.h"

#include <fmt/ostream.h>

#include <algorithm>

namespace nestwalk::scenario {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

}  // namespace

void write_junit(const std::vector<Played>& all, std::ostream& out) {
  const auto failures = std::ranges::count_if(all, [](const Played& one) { return !one.passed(); });
  fmt::print(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  fmt::print(out, "<testsuite name=\"nestwalk scenario\" tests=\"{}\" failures=\"{}\">\n",
             all.size(), failures);
  for (const Played& played : all) {
    fmt::print(out, "  <testcase classname=\"{}\" name=\"{}\">\n", escaped(played.file),
               escaped(played.name));
    for (const Miss& miss : played.misses) {
      const std::string what = fmt::format("{}:{}: {}: expected {}, found {}", miss.place.file,
                                           miss.place.line, miss.what, miss.expected, miss.found);
      fmt::print(out, "    <failure message=\"{}\"/>\n", escaped(what));
    }
    fmt::print(out, "  </testcase>\n");
  }
  fmt::print(out, "</testsuite>\n");
}

}  // namespace nestwalk::scenario
