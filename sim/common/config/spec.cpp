#include "common/config/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/config/parse.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

Spec make(std::string name, std::string doc, Spec::Kind kind) {
  Spec spec;
  spec.name = std::move(name);
  spec.doc = std::move(doc);
  spec.kind = kind;
  return spec;
}

Spec bounded(Spec spec, std::uint64_t min, std::uint64_t max) {
  spec.min = min;
  spec.max = max;
  return spec;
}

std::string range(std::uint64_t min, std::uint64_t max, std::string (*format)(std::uint64_t)) {
  constexpr std::uint64_t open = std::numeric_limits<std::uint64_t>::max();
  if (max == open) return min == 0 ? "" : fmt::format(", at least {}", format(min));
  return fmt::format(" {}..{}", format(min), format(max));
}

std::string decimal(std::uint64_t number) { return std::to_string(number); }

}  // namespace

Spec Spec::or_default(std::string_view yaml) && {
  Parsed parsed = parse_text(yaml, nullptr);
  NW_CHECK(parsed.errors.empty(), "the default of '{}' is not valid", name);
  default_value = std::move(parsed.root);
  presence = Presence::defaulted;
  return std::move(*this);
}
Spec Spec::optional() && {
  presence = Presence::optional;
  return std::move(*this);
}
Spec Spec::for_only(std::vector<std::string> selected) && {
  only_for = std::move(selected);
  return std::move(*this);
}
Spec Spec::selected_by(std::string key) && {
  selector = std::move(key);
  return std::move(*this);
}
Spec Spec::based_on(std::string key) && {
  base = std::move(key);
  return std::move(*this);
}
Spec Spec::with_rule(std::function<void(Value&, Errors&)> check) && {
  rule = std::move(check);
  return std::move(*this);
}

const Spec* Spec::part(std::string_view key) const {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const Spec& spec) { return spec.name == key; });
  return found == parts.end() ? nullptr : &*found;
}

bool Spec::applies_to(std::string_view selected) const {
  return only_for.empty() ||
         std::find(only_for.begin(), only_for.end(), selected) != only_for.end();
}

Spec flag(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::flag);
}
Spec whole(std::string name, std::string doc, std::uint64_t min, std::uint64_t max) {
  return bounded(make(std::move(name), std::move(doc), Spec::Kind::whole), min, max);
}
Spec real(std::string name, std::string doc, double min, double max) {
  Spec spec = make(std::move(name), std::move(doc), Spec::Kind::real);
  spec.real_min = min;
  spec.real_max = max;
  return spec;
}
Spec bytes(std::string name, std::string doc, std::uint64_t min, std::uint64_t max) {
  return bounded(make(std::move(name), std::move(doc), Spec::Kind::bytes), min, max);
}
Spec address(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::address);
}
Spec choice(std::string name, std::string doc, std::vector<Choice> choices) {
  Spec spec = make(std::move(name), std::move(doc), Spec::Kind::choice);
  spec.choices = std::move(choices);
  return spec;
}
Spec text(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::text);
}
Spec path(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::path);
}
Spec file(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::file);
}
Spec any(std::string name, std::string doc) {
  return make(std::move(name), std::move(doc), Spec::Kind::any);
}
Spec list(std::string name, std::string doc, Spec item, std::uint64_t min, std::uint64_t max) {
  Spec spec = bounded(make(std::move(name), std::move(doc), Spec::Kind::list), min, max);
  spec.parts.push_back(std::move(item));
  return spec;
}
Spec map(std::string name, std::string doc, Spec value, std::uint64_t min, std::uint64_t max) {
  Spec spec = bounded(make(std::move(name), std::move(doc), Spec::Kind::map), min, max);
  spec.parts.push_back(std::move(value));
  return spec;
}
Spec object(std::string name, std::string doc, std::vector<Spec> keys) {
  Spec spec = make(std::move(name), std::move(doc), Spec::Kind::object);
  spec.parts = std::move(keys);
  return spec;
}
Spec either(std::string name, std::string doc, Spec when_list, Spec when_object) {
  Spec spec = make(std::move(name), std::move(doc), Spec::Kind::either);
  spec.parts.push_back(std::move(when_list));
  spec.parts.push_back(std::move(when_object));
  return spec;
}

std::string names(const std::vector<Choice>& choices) {
  std::vector<std::string_view> list;
  for (const Choice& choice : choices) list.push_back(choice.name);
  return fmt::format("{}", fmt::join(list, ", "));
}

std::string allowed(const Spec& spec) {
  switch (spec.kind) {
    case Spec::Kind::flag:
      return "true or false";
    case Spec::Kind::whole:
      return "a whole number" + range(spec.min, spec.max, decimal);
    case Spec::Kind::real:
      return fmt::format("a number {}..{}", format_real(spec.real_min), format_real(spec.real_max));
    case Spec::Kind::bytes:
      return "a size in bytes" + range(spec.min, spec.max, format_bytes) +
             ", such as 4096, 4K or 1.5G";
    case Spec::Kind::address:
      return "an address such as 0x10000000";
    case Spec::Kind::choice:
      return names(spec.choices);
    case Spec::Kind::text:
      return "text that is not empty (in quotes if it looks like a number)";
    case Spec::Kind::path:
      return "the path of a file";
    case Spec::Kind::file:
      return "a name without '/', or the path of a .yaml file";
    case Spec::Kind::list:
      return "a list of" + range(spec.min, spec.max, decimal) + " items";
    case Spec::Kind::object:
    case Spec::Kind::map: {
      std::vector<std::string_view> keys;
      if (spec.kind == Spec::Kind::object)
        for (const Spec& part : spec.parts) keys.push_back(part.name);
      return fmt::format("keys with values{}{}", keys.empty() ? "" : ": ", fmt::join(keys, ", "));
    }
    case Spec::Kind::any:
      return "any value";
    case Spec::Kind::either:
      return allowed(spec.parts[0]) + ", or " + allowed(spec.parts[1]);
  }
  NW_CHECK(false, "a kind without a description");
}

}  // namespace nestwalk::config
