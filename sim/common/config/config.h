// Configs: read a file, lay a preset and overrides together, check all of it, get a tree to build a
// machine from. Every mistake in it is found before the first is told (UserErrors).
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/costs.h"
#include "common/config/library.h"
#include "common/config/raw.h"
#include "common/config/value.h"

namespace nestwalk::config {

// A file as written. `errors` are those of the YAML itself; resolve() tells them with the others.
struct Document {
  std::string name;  // what the run is called if the file does not say
  Raw root;
  std::vector<UserError> errors;
};

// Throws UserErrors if the file cannot be read or is not YAML.
Document load(const std::filesystem::path& file);
// The same from memory: `label` stands for the file in messages, relative paths start at `folder`.
Document load_text(std::string_view text, const std::string& label,
                   const std::filesystem::path& folder);

// A value laid over a document: `path` is dotted, a number names an item of a list; maps merge.
struct Override {
  std::string path;
  Raw value;
};
using Overrides = std::vector<Override>;

// "path.to.key=value", the value in YAML, as given to -s. Throws UserErrors that name the option.
Override parse_option(std::string_view option);

// One run, checked and complete: no key left out, no preset to look up, no variants.
struct Config {
  Value root;
  Costs guest_costs;
  Costs host_costs;  // empty with one stage

  const Value& at(std::string_view path) const { return root.at(path); }
  const Value* find(std::string_view path) const { return root.find(path); }
  bool has(std::string_view path) const { return root.has(path); }
};

// The preset lies under the document, the overrides over it, later ones on top.
Config resolve(const Document& document, const Overrides& overrides, const Library& library);

struct Variant {
  std::string name;
  Overrides overrides;
};
// What `variants:` means, in order; one variant without overrides if there is no such key. Each has
// been resolved once with `options` on top, so that the mistakes of all of them are told together.
std::vector<Variant> expand_variants(const Document& document, const Overrides& options,
                                     const Library& library);

// The resolved config as YAML for a file in `folder`; loading it gives the same bytes again.
std::string dump(const Config& config, const std::filesystem::path& folder);

}  // namespace nestwalk::config
