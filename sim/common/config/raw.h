// A YAML document as written: maps, lists and scalars with their lines, no meaning yet.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/where.h"

namespace nestwalk::config {

struct Raw {
  enum class Type : std::uint8_t { null, scalar, list, map };

  Type type = Type::null;
  bool quoted = false;      // a scalar in quotes or a block scalar: always text
  bool incomplete = false;  // a map that lacks keys for a reason already reported
  std::string text;         // of a scalar
  Where where;
  std::string key;  // of a member of a map
  Where key_where;
  std::vector<Raw> items;  // of a list or a map

  const Raw* find(std::string_view name) const {
    for (const Raw& item : items)
      if (item.key == name) return &item;
    return nullptr;
  }
  Raw* find(std::string_view name) {
    return const_cast<Raw*>(static_cast<const Raw*>(this)->find(name));
  }
};

// "a.b" and "c" give "a.b.c".
std::string join_path(const std::string& parent, std::string_view key);

// Lays `over` on `under`: maps merge key by key, everything else is replaced.
void merge(Raw& under, const Raw& over);

// Puts `value` at a dotted path below `root`, making maps on the way; a number names an item of an
// existing list. A path that cannot be followed is an error at the value.
void set_path(Raw& root, std::string_view path, const Raw& value, Errors& errors);

}  // namespace nestwalk::config
