#include "common/config/raw.h"

#include <fmt/format.h>

#include <charconv>

namespace nestwalk::config {
namespace {

// The item of `list` that `segment` numbers, or null.
Raw* item_at(Raw& list, std::string_view segment) {
  std::size_t index = 0;
  const char* end = segment.data() + segment.size();
  const auto [stop, error] = std::from_chars(segment.data(), end, index);
  if (error != std::errc{} || stop != end || index >= list.items.size()) return nullptr;
  return &list.items[index];
}

// The member `segment` of `map`, made if it is not there. What is not a map becomes one.
Raw& member_of(Raw& map, std::string_view segment, const Where& where) {
  if (map.type != Raw::Type::map) {
    map.type = Raw::Type::map;
    map.text.clear();
    map.items.clear();
    map.where = where;
  }
  if (Raw* found = map.find(segment)) return *found;
  Raw& made = map.items.emplace_back();
  made.key = segment;
  made.where = made.key_where = where;
  return made;
}

}  // namespace

std::string join_path(const std::string& parent, std::string_view key) {
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

void merge(Raw& under, const Raw& over) {
  if (under.type != Raw::Type::map || over.type != Raw::Type::map) {
    const std::string key = under.key;
    under = over;
    under.key = key;
    return;
  }
  under.where = over.where;
  under.key_where = over.key_where;
  for (const Raw& member : over.items) {
    if (Raw* found = under.find(member.key))
      merge(*found, member);
    else
      under.items.push_back(member);
  }
}

void set_path(Raw& root, std::string_view path, const Raw& value, Errors& errors) {
  Raw* at = &root;
  std::string walked;
  for (std::string_view rest = path;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view segment = rest.substr(0, dot);
    if (at->type == Raw::Type::list) {
      const std::size_t count = at->items.size();
      at = item_at(*at, segment);
      if (!at) {
        errors.add(
            value.where, std::string(path),
            fmt::format("'{}' has {} items; allowed after it: a number below that", walked, count));
        return;
      }
    } else {
      at = &member_of(*at, segment, value.where);
    }
    walked = join_path(walked, segment);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  Raw laid = value;
  if (!laid.key_where.source) laid.key_where = value.where;
  const std::string key = at->key;
  merge(*at, laid);
  at->key = key;
}

}  // namespace nestwalk::config
