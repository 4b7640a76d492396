#include "unit/config/schema_interpreter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>

namespace nestwalk::config {
namespace {

using Json = nlohmann::ordered_json;

bool is_integer(const Json& value) {
  if (value.is_number_integer()) return true;  // signed and unsigned
  return value.is_number_float() && std::isfinite(value.get<double>()) &&
         value.get<double>() == std::floor(value.get<double>());
}

bool has_type(const std::string& type, const Json& value) {
  if (type == "integer") return is_integer(value);
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::runtime_error("unknown type " + type);
}

long double number(const Json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
  return value.get<double>();
}

// nlohmann compares 2^64 - 1 equal to -1.
bool equal(const Json& a, const Json& b) {
  return a.is_number() && b.is_number() ? number(a) == number(b) : a == b;
}

bool matches(const std::string& text, const std::string& pattern) {
  static std::map<std::string, std::regex> compiled;
  const auto [at, added] = compiled.try_emplace(pattern, pattern);
  return std::regex_search(text, at->second);
}

bool type_ok(const Json& type, const Json& value) {
  if (type.is_string()) return has_type(type, value);
  for (const Json& one : type)
    if (has_type(one, value)) return true;
  return false;
}

bool all_accept(const Json& schemas, const Json& value) {
  for (const Json& schema : schemas)
    if (!schema_accepts(schema, value)) return false;
  return true;
}
bool any_accepts(const Json& schemas, const Json& value) {
  for (const Json& schema : schemas)
    if (schema_accepts(schema, value)) return true;
  return false;
}

bool properties_ok(const Json& schema, const Json& value) {
  for (const auto& [key, member] : value.items()) {
    if (schema.contains("properties") && schema["properties"].contains(key)) {
      if (!schema_accepts(schema["properties"][key], member)) return false;
    } else if (schema.contains("additionalProperties")) {
      if (!schema_accepts(schema["additionalProperties"], member)) return false;
    }
  }
  return true;
}

bool required_ok(const Json& keys, const Json& value) {
  for (const Json& key : keys)
    if (!value.contains(key.get<std::string>())) return false;
  return true;
}

bool keyword_ok(const std::string& word, const Json& want, const Json& schema, const Json& value) {
  for (const char* silent : {"$schema", "title", "description", "default", "properties", "then"})
    if (word == silent) return true;
  if (word == "type") return type_ok(want, value);
  if (word == "const") return equal(value, want);
  if (word == "enum")
    return std::any_of(want.begin(), want.end(),
                       [&](const Json& one) { return equal(one, value); });
  if (word == "allOf") return all_accept(want, value);
  if (word == "anyOf") return any_accepts(want, value);
  if (word == "not") return !schema_accepts(want, value);
  if (word == "if") return !schema_accepts(want, value) || schema_accepts(schema.at("then"), value);
  if (word == "minimum") return !value.is_number() || number(value) >= number(want);
  if (word == "maximum") return !value.is_number() || number(value) <= number(want);
  if (word == "minLength") return !value.is_string() || value.get<std::string>().size() >= want;
  if (word == "pattern")
    return !value.is_string() || matches(value.get<std::string>(), want.get<std::string>());
  if (word == "minItems") return !value.is_array() || value.size() >= want;
  if (word == "maxItems") return !value.is_array() || value.size() <= want;
  if (word == "items") {
    if (value.is_array())
      for (const Json& item : value)
        if (!schema_accepts(want, item)) return false;
    return true;
  }
  if (word == "minProperties") return !value.is_object() || value.size() >= want;
  if (word == "maxProperties") return !value.is_object() || value.size() <= want;
  if (word == "required") return !value.is_object() || required_ok(want, value);
  if (word == "additionalProperties") return true;  // with properties, below
  throw std::runtime_error("unknown keyword " + word);
}

}  // namespace

bool schema_accepts(const Json& schema, const Json& value) {
  if (schema.is_boolean()) return schema.get<bool>();
  for (const auto& [word, want] : schema.items())
    if (!keyword_ok(word, want, schema, value)) return false;
  return !value.is_object() || properties_ok(schema, value);
}

}  // namespace nestwalk::config
