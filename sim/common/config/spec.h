// The description of a value: what it may be, what it means, what stands in when it is not given.
// The one source of the loader's checks (check.h), of the JSON Schema (json_schema.h) and of the
// defaults in a resolved config.
#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/raw.h"
#include "common/config/value.h"

namespace nestwalk::config {

struct Choice {
  std::string name;
  std::string doc = {};
  std::any value = {};  // what the name stands for, usually an enumerator: Value::as<T>()
};

struct Spec {
  enum class Kind : std::uint8_t {
    flag,
    whole,
    real,
    bytes,
    address,
    choice,
    text,
    path,  // of a file
    file,  // of the library, by name, or by path
    list,
    object,
    map,     // object with keys of the user's own; parts[0] describes the values
    any,     // anything; checked where it is used
    either,  // parts: one for a list, one for an object; the node's type chooses
  };
  enum class Presence : std::uint8_t { required, defaulted, optional };

  std::string name;
  std::string doc;  // one line, with the unit
  Kind kind = Kind::object;
  Presence presence = Presence::required;
  std::uint64_t min = 0, max = std::numeric_limits<std::uint64_t>::max();  // list, map: of the size
  double real_min = 0, real_max = 1;
  std::vector<Choice> choices;
  std::vector<Spec> parts;  // keys of an object, the item of a list, alternatives
  // An object whose key `selector` decides which others apply: those with it in `only_for`.
  std::string selector;
  std::vector<std::string> only_for;
  // An object whose key `base` names a file that may give all the others.
  std::string base;
  Raw default_value;
  // Checks between the parts, run once each of them is in order.
  std::function<void(Value&, Errors&)> rule;

  Spec or_default(std::string_view yaml) &&;
  Spec optional() &&;
  Spec for_only(std::vector<std::string> selected) &&;
  Spec selected_by(std::string key) &&;
  Spec based_on(std::string key) &&;
  Spec with_rule(std::function<void(Value&, Errors&)> check) &&;

  const Spec* part(std::string_view key) const;
  bool applies_to(std::string_view selected) const;
};

Spec flag(std::string name, std::string doc);
Spec whole(std::string name, std::string doc, std::uint64_t min, std::uint64_t max);
Spec real(std::string name, std::string doc, double min, double max);
Spec bytes(std::string name, std::string doc, std::uint64_t min, std::uint64_t max);
Spec address(std::string name, std::string doc);
Spec choice(std::string name, std::string doc, std::vector<Choice> choices);
Spec text(std::string name, std::string doc);
Spec path(std::string name, std::string doc);
Spec file(std::string name, std::string doc);
Spec any(std::string name, std::string doc);
Spec list(std::string name, std::string doc, Spec item, std::uint64_t min, std::uint64_t max);
Spec map(std::string name, std::string doc, Spec value, std::uint64_t min, std::uint64_t max);
Spec object(std::string name, std::string doc, std::vector<Spec> keys);
Spec either(std::string name, std::string doc, Spec when_list, Spec when_object);

// What `spec` allows, for an error message: "a whole number 1..64".
std::string allowed(const Spec& spec);
// "a, b, c".
std::string names(const std::vector<Choice>& choices);

}  // namespace nestwalk::config
