#include "common/results/wrap.h"

#include <algorithm>
#include <sstream>

namespace nestwalk {

std::string wrapped(const std::string& prefix, const std::string& text, std::size_t columns) {
  const std::size_t room = std::max<std::size_t>(columns - std::min(columns, prefix.size()), 8);
  std::string out, line = prefix;
  std::size_t used = 0;
  const auto end_line = [&] {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
    line.assign(prefix.size(), ' ');
    used = 0;
  };
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (used && used + 1 + word.size() > room) end_line();
    for (; word.size() > room; word.erase(0, room)) {
      line += word.substr(0, room);
      end_line();
    }
    line += (used ? " " : "") + word;
    used += (used ? 1 : 0) + word.size();
  }
  end_line();
  return out;
}

}  // namespace nestwalk
