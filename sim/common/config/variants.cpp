// `variants:` expanded: a list of named overrides, or every combination of lists of values.
#include <fmt/format.h>

#include <set>

#include "common/config/config.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

constexpr std::size_t most_variants = 1000;

struct Stated {
  Variant variant;
  Where where;
  std::string key;  // for messages
};

// A value in one line, for a variant's name.
std::string in_one_line(const Raw& raw) {
  if (raw.type == Raw::Type::scalar) return shown(raw.text);
  std::string inside;
  for (const Raw& item : raw.items) {
    if (!inside.empty()) inside += ", ";
    if (raw.type == Raw::Type::map) inside += shown(item.key) + ": ";
    inside += in_one_line(item);
  }
  return raw.type == Raw::Type::map ? "{" + inside + "}" : "[" + inside + "]";
}

std::vector<Stated> named(const Raw& list) {
  std::vector<Stated> out;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const Raw& item = list.items[i];
    Stated stated{{item.find("name")->text, {}}, item.where, fmt::format("variants.{}", i)};
    if (const Raw* set = item.find("set"))
      for (const Raw& key : set->items) stated.variant.overrides.push_back({key.key, key});
    out.push_back(std::move(stated));
  }
  return out;
}

// The first key turns slowest, so that the first variant has the first value of every list.
std::vector<Stated> combined(const Raw& product, Errors& errors) {
  std::vector<Stated> out = {{{}, product.key_where, "variants.product"}};
  for (const Raw& key : product.items) {
    if (out.size() * key.items.size() > most_variants) {
      errors.add(key.key_where, "variants.product",
                 fmt::format("more than {} combinations; allowed: fewer", most_variants));
      return {};
    }
    std::vector<Stated> longer;
    for (const Stated& one : out)
      for (const Raw& value : key.items) {
        Stated next = one;
        next.variant.overrides.push_back({key.key, value});
        next.variant.name += fmt::format("{}{}={}", one.variant.name.empty() ? "" : " ", key.key,
                                         in_one_line(value));
        longer.push_back(std::move(next));
      }
    out = std::move(longer);
  }
  return out;
}

void refuse_odd(const std::vector<Stated>& all, Errors& errors) {
  std::set<std::string> names;
  for (const Stated& one : all) {
    if (!names.insert(one.variant.name).second)
      errors.add(
          one.where, one.key,
          fmt::format("'{}' names two variants; allowed: each name once", shown(one.variant.name)));
    for (const Override& over : one.variant.overrides)
      if (over.path == "name" || over.path.substr(0, 8) == "variants")
        errors.add(over.value.where, one.key + "." + over.path,
                   "cannot differ between variants; allowed: keys that change the run");
  }
}

}  // namespace

std::vector<Variant> expand_variants(const Document& document, const Overrides& options,
                                     const Library& library) {
  const Config base = resolve(document, options, library);
  const Raw* variants = document.root.find("variants");
  if (!variants) return {{base.at("name").as_text(), {}}};
  Errors errors;
  const std::vector<Stated> all = variants->type == Raw::Type::list
                                      ? named(*variants)
                                      : combined(*variants->find("product"), errors);
  refuse_odd(all, errors);
  errors.throw_if_any();
  std::vector<Variant> out;
  for (const Stated& one : all) {
    Overrides both = one.variant.overrides;
    both.insert(both.end(), options.begin(), options.end());
    try {
      resolve(document, both, library);
    } catch (const UserErrors& wrong) {
      for (UserError error : wrong.all()) {
        error.message = fmt::format("in variant '{}': {}", shown(one.variant.name), error.message);
        errors.add(std::move(error));
      }
    }
    out.push_back(one.variant);
  }
  errors.throw_if_any();
  return out;
}

}  // namespace nestwalk::config
