#include "common/config/presets.h"

#include <algorithm>
#include <iterator>

#include "common/config/check.h"
#include "common/config/dump.h"
#include "common/config/layout.h"
#include "common/config/parse.h"

namespace nestwalk::config {
namespace {

// What reports need no source for: how many vCPUs a run has is no fact about a machine.
bool needs_source(const Value& value) {
  return value.path() != "description" && value.path() != "vcpus";
}

bool is_leaf(const Value& value) {
  if (value.type() == Value::Type::object) return false;
  if (value.type() != Value::Type::list) return true;
  return std::all_of(value.items().begin(), value.items().end(), [](const Value& item) {
    return item.type() != Value::Type::object && item.type() != Value::Type::list;
  });
}

void gather_leaves(const Value& value, std::vector<const Value*>& out) {
  for (const Value& item : value.items()) {
    if (item.path() == "sources" || !needs_source(item)) continue;
    if (is_leaf(item))
      out.push_back(&item);
    else
      gather_leaves(item, out);
  }
}

bool covers(const std::string& key, const std::string& path) {
  return path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
}

// The layout has checked that it is one.
Mark mark_of(const std::string& text) {
  return *std::find_if(std::begin(all_marks), std::end(all_marks),
                       [&](Mark mark) { return name(mark) == text; });
}

// Pairs every value with the longest key of `sources` that it lies under.
std::vector<PresetValue> with_sources(const Value& root, const Raw& sources, Errors& errors) {
  std::vector<const Value*> leaves;
  gather_leaves(root, leaves);
  std::vector<PresetValue> out;
  std::vector<bool> used(sources.items.size());
  for (const Value* leaf : leaves) {
    const Raw* best = nullptr;
    for (const Raw& source : sources.items)
      if (covers(source.key, leaf->path()) && (!best || source.key.size() > best->key.size()))
        best = &source;
    if (!best) {
      errors.add(
          leaf->error("has no source; allowed: an entry under 'sources' for it or above it"));
      continue;
    }
    used[static_cast<std::size_t>(best - sources.items.data())] = true;
    out.push_back({leaf->path(), format_value(*leaf), mark_of(best->find("kind")->text),
                   best->find("source")->text});
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      errors.add(sources.items[i].key_where, "sources." + sources.items[i].key,
                 "is the source of no value; allowed: keys of this file, dotted");
  return out;
}

}  // namespace

const char* name(Mark mark) {
  switch (mark) {
    case Mark::sourced:
      return "sourced";
    case Mark::measured:
      return "measured";
    case Mark::assumed:
      return "assumed";
  }
  return "";
}

std::optional<Preset> load_preset(const std::filesystem::path& file, Errors& errors) {
  const std::size_t before = errors.size();
  try {
    Parsed parsed = parse_file(file, file.string());
    errors.add_all(parsed.errors);
    const Value root = check(machine_layout(), parsed.root, errors);
    if (errors.size() != before) return std::nullopt;
    Preset preset;
    preset.name = file.stem().string();
    preset.description = root.at("description").as_text();
    preset.values = with_sources(root, *parsed.root.find("sources"), errors);
    preset.machine = std::move(parsed.root);
    std::erase_if(preset.machine.items, [](const Raw& item) {
      return item.key == "description" || item.key == "sources";
    });
    if (errors.size() != before) return std::nullopt;
    return preset;
  } catch (const UserErrors& unreadable) {
    errors.add_all(unreadable.all());
    return std::nullopt;
  }
}

std::vector<Preset> list_presets(const Library& library) {
  Errors errors;
  std::vector<Preset> out;
  for (const std::string& name : names_on(library, Shelf::machines))
    if (const auto file = locate(library, Shelf::machines, name, {}, "", errors))
      if (auto preset = load_preset(*file, errors)) out.push_back(std::move(*preset));
  errors.throw_if_any();
  return out;
}

}  // namespace nestwalk::config
