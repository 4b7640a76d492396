#include "common/config/json_schema.h"

#include <nlohmann/json.hpp>

#include "common/base/check.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

using Json = nlohmann::ordered_json;
using Kind = Spec::Kind;

Json to_json(const Raw& raw) {
  Json out;
  switch (raw.type) {
    case Raw::Type::null:
      return nullptr;
    case Raw::Type::list:
      out = Json::array();
      for (const Raw& item : raw.items) out.push_back(to_json(item));
      return out;
    case Raw::Type::map:
      out = Json::object();
      for (const Raw& item : raw.items) out[item.key] = to_json(item);
      return out;
    case Raw::Type::scalar:
      break;
  }
  const Scalar scalar = classify(raw);
  switch (scalar.type) {
    case Scalar::Type::flag:
      return scalar.flag;
    case Scalar::Type::whole:
      return scalar.whole;
    case Scalar::Type::real:
      return scalar.real;
    case Scalar::Type::text:
      return raw.text;
  }
  NW_CHECK(false, "a scalar of no type");
}

Json choice_value(const std::string& name) {
  const Scalar scalar = classify_plain(name);
  if (scalar.type == Scalar::Type::text) return name;
  return static_cast<std::int64_t>(scalar.real);  // only small numbers are choices
}

Json names_of(const std::vector<const Spec*>& specs) {
  Json out = Json::array();
  for (const Spec* spec : specs) out.push_back(spec->name);
  return out;
}

// The keys that must be there whatever else is.
std::vector<const Spec*> required_always(const Spec& object) {
  std::vector<const Spec*> out;
  for (const Spec& part : object.parts)
    if (part.presence == Spec::Presence::required && part.only_for.empty()) out.push_back(&part);
  return out;
}

// Only what an object and those in it require: what holds when no base file gives it.
Json requirements(const Spec& object) {
  Json out = Json::object();
  if (const auto required = required_always(object); !required.empty())
    out["required"] = names_of(required);
  Json below = Json::object();
  for (const Spec& part : object.parts)
    if (part.kind == Kind::object)
      if (Json inner = requirements(part); !inner.empty()) below[part.name] = std::move(inner);
  if (!below.empty()) out["properties"] = std::move(below);
  return out;
}

Json emit(const Spec& spec, bool has_base);

// For each value of the selector: what is required with it, what has no meaning with it.
Json by_selection(const Spec& object) {
  Json cases = Json::array();
  for (const Choice& choice : object.part(object.selector)->choices) {
    Json required = Json::array(), properties = Json::object();
    for (const Spec& part : object.parts) {
      if (part.only_for.empty()) continue;
      if (!part.applies_to(choice.name))
        properties[part.name] = false;
      else if (part.presence == Spec::Presence::required)
        required.push_back(part.name);
    }
    Json when, then = Json::object();
    when["properties"][object.selector]["const"] = choice.name;
    when["required"] = Json::array({object.selector});
    if (!required.empty()) then["required"] = std::move(required);
    if (!properties.empty()) then["properties"] = std::move(properties);
    cases.push_back({{"if", std::move(when)}, {"then", std::move(then)}});
  }
  return cases;
}

void emit_object(const Spec& spec, bool has_base, Json& out) {
  has_base = has_base || !spec.base.empty();
  out["type"] = "object";
  Json properties = Json::object();
  for (const Spec& part : spec.parts) properties[part.name] = emit(part, has_base);
  out["properties"] = std::move(properties);
  out["additionalProperties"] = false;
  if (const auto required = required_always(spec); !has_base && !required.empty())
    out["required"] = names_of(required);
  if (!spec.base.empty()) {
    out["if"]["not"]["required"] = Json::array({spec.base});
    out["then"] = requirements(spec);
  }
  if (!spec.selector.empty()) out["allOf"] = by_selection(spec);
}

void emit_choice(const Spec& spec, Json& out) {
  std::string doc = spec.doc;
  for (const Choice& choice : spec.choices) {
    out["enum"].push_back(choice_value(choice.name));
    if (!choice.doc.empty()) doc += "\n" + choice.name + ": " + choice.doc;
  }
  out["description"] = doc;
}

void emit_range(const Spec& spec, Json& out) {
  out["minimum"] = spec.min;
  out["maximum"] = spec.max;
}

Json emit(const Spec& spec, bool has_base) {
  Json out = Json::object();
  out["description"] = spec.doc;
  switch (spec.kind) {
    case Kind::flag:
      out["type"] = "boolean";
      break;
    case Kind::whole:
    case Kind::address:
      out["type"] = "integer";
      emit_range(spec, out);
      break;
    case Kind::bytes:
      out["type"] = Json::array({"integer", "string"});
      emit_range(spec, out);
      out["pattern"] = bytes_pattern;
      break;
    case Kind::real:
      out["type"] = "number";
      out["minimum"] = spec.real_min;
      out["maximum"] = spec.real_max;
      break;
    case Kind::choice:
      emit_choice(spec, out);
      break;
    case Kind::text:
    case Kind::path:
    case Kind::file:
      out["type"] = "string";
      out["minLength"] = 1;
      break;
    case Kind::list:
      out["type"] = "array";
      out["items"] = emit(spec.parts[0], false);  // a list is replaced, not merged with a base's
      out["minItems"] = spec.min;
      out["maxItems"] = spec.max;
      break;
    case Kind::map:
      out["type"] = "object";
      out["additionalProperties"] = emit(spec.parts[0], false);
      out["minProperties"] = spec.min;
      out["maxProperties"] = spec.max;
      break;
    case Kind::object:
      emit_object(spec, has_base, out);
      break;
    case Kind::any:
      break;
    case Kind::either:
      out["anyOf"] = Json::array({emit(spec.parts[0], false), emit(spec.parts[1], false)});
      break;
  }
  if (spec.presence == Spec::Presence::defaulted && spec.default_value.type != Raw::Type::map)
    out["default"] = to_json(spec.default_value);
  return out;
}

}  // namespace

std::string json_schema(const Spec& root) {
  Json out = Json::object();
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = root.name;
  out.update(emit(root, false));
  return out.dump(2) + "\n";
}

}  // namespace nestwalk::config
