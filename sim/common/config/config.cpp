#include "common/config/config.h"

#include <fmt/format.h>

#include <optional>

#include "common/config/check.h"
#include "common/config/dump.h"
#include "common/config/layout.h"
#include "common/config/parse.h"
#include "common/config/presets.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

Raw text_node(std::string key, std::string text, const Where& where) {
  Raw raw;
  raw.type = Raw::Type::scalar;
  raw.quoted = true;
  raw.key = std::move(key);
  raw.text = std::move(text);
  raw.where = raw.key_where = where;
  return raw;
}

// `machine` as the document and the overrides have it before its preset is known. Overrides that
// number an item of a preset's list cannot be followed yet, and do not matter here.
Raw stated_machine(const Raw& root, const Overrides& overrides) {
  Raw copy = root;
  Errors ignored;
  for (const Override& one : overrides)
    if (one.path == "machine" || one.path == "machine.preset")
      set_path(copy, one.path, one.value, ignored);
  const Raw* machine = copy.find("machine");
  return machine ? *machine : Raw{};
}

// Lays the preset that `machine` names under the document's keys. If there is none to be had, the
// errors say so, and the machine is marked incomplete.
void lay_preset_under(Raw& root, const Overrides& overrides, const Library& library,
                      Errors& errors) {
  const Raw stated = stated_machine(root, overrides);
  if (stated.type != Raw::Type::map) return;
  const Raw* named = stated.find("preset");
  if (!named) return;
  if (!root.find("machine")) {
    root.items.push_back(stated);
    root.items.back().items.clear();
  }
  Raw& machine = *root.find("machine");
  if (machine.type != Raw::Type::map) machine = stated;
  machine.incomplete = true;
  static const Spec name = file("preset", "");
  const std::size_t before = errors.size();
  Errors wrong;
  const Value value = check(name, *named, wrong);
  if (!wrong.empty()) {
    errors.add(named->where, "machine.preset", wrong.all()[0].message);
    return;
  }
  const auto found =
      locate(library, Shelf::machines, value.as_text(), named->where, "machine.preset", errors);
  const std::optional<Preset> preset = found ? load_preset(*found, errors) : std::nullopt;
  if (!preset || errors.size() != before) return;
  machine.incomplete = false;
  Raw merged = preset->machine;
  merged.key = machine.key;
  merged.items.push_back(text_node("name", preset->name, named->where));
  merge(merged, machine);
  machine = std::move(merged);
}

void apply(Raw& root, const Overrides& overrides, Errors& errors) {
  for (const Override& one : overrides) set_path(root, one.path, one.value, errors);
}

// Once the preset's keys are in place, its name has served.
void drop_preset(Raw& root) {
  if (Raw* machine = root.find("machine"))
    std::erase_if(machine->items, [](const Raw& item) { return item.key == "preset"; });
}

Costs take(std::optional<Costs> costs) { return costs ? std::move(*costs) : Costs{}; }

void price(Config& config, const Library& library, Errors& errors) {
  const Value& hypervisor = config.at("hypervisor");
  config.guest_costs =
      take(load_costs(hypervisor.at("guest_costs"), hypervisor.find("guest_cycles"), CostSet::guest,
                      library, errors));
  if (config.at("translation.stages").as_text() == "one") return;
  const bool x86 = config.at("machine.isa").as_text() == "x86";
  config.host_costs =
      take(load_costs(hypervisor.at("host_costs"), hypervisor.find("host_cycles"),
                      x86 ? CostSet::host_x86 : CostSet::host_arm64, library, errors));
}

}  // namespace

Document load(const std::filesystem::path& file) {
  Parsed parsed = parse_file(file, file.string());
  return {file.stem().string(), std::move(parsed.root), std::move(parsed.errors)};
}

Document load_text(std::string_view text, const std::string& label,
                   const std::filesystem::path& folder) {
  Parsed parsed = parse_text(text, std::make_shared<Source>(Source{label, folder, true}));
  return {std::filesystem::path(label).stem().string(), std::move(parsed.root),
          std::move(parsed.errors)};
}

Override parse_option(std::string_view option) {
  const auto source = std::make_shared<Source>(Source{"-s " + shown(option), ".", false});
  const std::size_t equals = option.find('=');
  const std::string path(option.substr(0, equals));
  if (equals == std::string_view::npos || path.empty() || path.front() == '.' ||
      path.back() == '.' || path.find("..") != std::string::npos)
    throw UserErrors(Where{source, 0}.error("", "allowed: path.to.key=value"));
  const std::string_view text = option.substr(equals + 1);
  Parsed parsed = parse_text(text, source);
  Errors errors;
  errors.add_all(parsed.errors);
  if (path == "variants" || path.starts_with("variants."))
    errors.add(Where{source, 0}, path, "cannot be set by an option; allowed: keys of one run");
  if (text.find_first_not_of(' ') == std::string_view::npos)
    errors.add(Where{source, 0}, path, "has no value");
  errors.throw_if_any();
  return {path, std::move(parsed.root)};
}

Config resolve(const Document& document, const Overrides& overrides, const Library& library) {
  Errors errors;
  errors.add_all(document.errors);
  Raw root = document.root;
  if (root.type == Raw::Type::map) {
    lay_preset_under(root, overrides, library, errors);
    apply(root, overrides, errors);
    drop_preset(root);
    if (!root.find("name") && !document.name.empty())
      root.items.push_back(text_node("name", document.name, root.where));
  }
  Config config;
  config.root = check(run_layout(), root, errors);
  if (errors.empty()) {
    config.root.remove("variants");
    price(config, library, errors);
  }
  errors.throw_if_any();
  return config;
}

std::string dump(const Config& config, const std::filesystem::path& folder) {
  return dump_yaml(config.root, folder);
}

}  // namespace nestwalk::config
