#include "common/config/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/config/library.h"
#include "common/config/nearest.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

using Kind = Spec::Kind;
using Type = Value::Type;

// The dotted path below `spec` of a key called `name`, or nothing.
std::string path_of(const Spec& spec, std::string_view name) {
  if (spec.kind != Kind::object) return "";
  if (spec.part(name)) return std::string(name);
  for (const Spec& part : spec.parts)
    if (const std::string below = path_of(part, name); !below.empty())
      return part.name + "." + below;
  return "";
}

class Checker {
 public:
  Checker(const Spec& root, Errors& errors) : root_(root), errors_(errors) {}

  Value check(const Spec& spec, const Raw& raw, const std::string& path) {
    switch (spec.kind) {
      case Kind::object:
        return object(spec, raw, path);
      case Kind::map:
        return map(spec, raw, path);
      case Kind::list:
        return list(spec, raw, path);
      case Kind::any:
        return Value(Type::text, path, raw.where);
      case Kind::either:
        return check(spec.parts[raw.type == Raw::Type::list ? 0 : 1], raw, path);
      default:
        return scalar(spec, raw, path);
    }
  }

 private:
  void refuse(const Spec& spec, const Raw& raw, const std::string& path) {
    std::string found;
    switch (raw.type) {
      case Raw::Type::null:
        found = "has no value";
        break;
      case Raw::Type::scalar:
        found = fmt::format("'{}' is not allowed", shown(raw.text));
        break;
      case Raw::Type::list:
        found = fmt::format("a list of {} is not allowed", raw.items.size());
        break;
      case Raw::Type::map:
        found = "keys with values are not allowed here";
        break;
    }
    errors_.add(raw.where, path, found + "; allowed: " + allowed(spec));
  }

  Value scalar(const Spec& spec, const Raw& raw, const std::string& path) {
    Value value(type_of(spec.kind), path, raw.where);
    if (raw.type != Raw::Type::scalar || !fill(spec, raw, value)) refuse(spec, raw, path);
    return value;
  }

  static Type type_of(Kind kind) {
    switch (kind) {
      case Kind::flag:
        return Type::flag;
      case Kind::whole:
        return Type::whole;
      case Kind::bytes:
        return Type::bytes;
      case Kind::address:
        return Type::address;
      case Kind::real:
        return Type::real;
      case Kind::path:
        return Type::path;
      case Kind::choice:
        return Type::choice;
      default:
        return Type::text;
    }
  }

  // Puts a scalar's meaning into `value`; false if `spec` does not allow it.
  static bool fill(const Spec& spec, const Raw& raw, Value& value) {
    const Scalar scalar = classify(raw);
    const bool whole = scalar.type == Scalar::Type::whole;
    const auto in_range = [&](std::uint64_t number) {
      value.set_whole(number);
      return number >= spec.min && number <= spec.max;
    };
    switch (spec.kind) {
      case Kind::flag:
        value.set_flag(scalar.flag);
        return scalar.type == Scalar::Type::flag;
      case Kind::whole:
      case Kind::address:
        return whole && in_range(scalar.whole);
      case Kind::bytes: {
        if (whole) return in_range(scalar.whole);
        if (scalar.type != Scalar::Type::text) return false;
        const std::optional<std::uint64_t> bytes = parse_bytes(raw.text);
        return bytes && in_range(*bytes);
      }
      case Kind::real:
        value.set_real(scalar.real);
        return (whole || scalar.type == Scalar::Type::real) && scalar.real >= spec.real_min &&
               scalar.real <= spec.real_max;
      case Kind::choice:
        value.set_text(raw.text);
        value.set_choices(&spec.choices);
        return std::any_of(spec.choices.begin(), spec.choices.end(), [&](const Choice& choice) {
          return choice.name == raw.text && classify_plain(choice.name).type == scalar.type;
        });
      case Kind::file:
        if (!is_library_name(raw.text)) value = Value(Type::path, value.path(), raw.where);
        [[fallthrough]];
      default:
        value.set_text(raw.text);
        return scalar.type == Scalar::Type::text && !raw.text.empty();
    }
  }

  Value list(const Spec& spec, const Raw& raw, const std::string& path) {
    Value value(Type::list, path, raw.where);
    const std::size_t count = raw.items.size();
    if (raw.type != Raw::Type::list || count < spec.min || count > spec.max) {
      refuse(spec, raw, path);
      return value;
    }
    const std::size_t before = errors_.size() + broken_;
    for (std::size_t i = 0; i < count; ++i)
      value.add(check(spec.parts[0], raw.items[i], join_path(path, std::to_string(i))));
    run_rule(spec, value, before);
    return value;
  }

  Value map(const Spec& spec, const Raw& raw, const std::string& path) {
    Value value(Type::object, path, raw.where);
    const std::size_t count = raw.items.size();
    if (raw.type != Raw::Type::map || count < spec.min || count > spec.max)
      refuse(spec, raw, path);
    else
      for (const Raw& item : raw.items)
        value.add(check(spec.parts[0], item, join_path(path, shown(item.key))));
    return value;
  }

  Value object(const Spec& spec, const Raw& raw, const std::string& path) {
    const Where where = raw.key.empty() ? raw.where : raw.key_where;
    Value value(Type::object, path, where);
    if (raw.type != Raw::Type::map) {
      refuse(spec, raw, path);
      return value;
    }
    const std::size_t before = errors_.size() + broken_;
    refuse_unknown(spec, raw, path);
    const std::string selected = selection(spec, raw);
    const std::string outer_base = missing_base_;
    const bool outer_incomplete = incomplete_;
    if (raw.incomplete) {
      incomplete_ = true;
      ++broken_;
    }
    if (!spec.base.empty() && !raw.find(spec.base)) missing_base_ = join_path(path, spec.base);
    for (const Spec& part : spec.parts) {
      const bool applies = selected.empty() || part.applies_to(selected);
      if (const Raw* given = raw.find(part.name)) {
        if (applies)
          value.add(check(part, *given, join_path(path, part.name)));
        else
          errors_.add(given->key_where, join_path(path, part.name),
                      fmt::format("has no meaning with {} '{}'; allowed with: {}", spec.selector,
                                  selected, fmt::join(part.only_for, ", ")));
      } else if (applies && (!selected.empty() || part.only_for.empty())) {
        absent(part, where, path, value);
      }
    }
    missing_base_ = outer_base;
    incomplete_ = outer_incomplete;
    run_rule(spec, value, before);
    return value;
  }

  // The value of the selector, if it is one of those that exist.
  static std::string selection(const Spec& spec, const Raw& raw) {
    const Raw* given = spec.selector.empty() ? nullptr : raw.find(spec.selector);
    if (!given || given->type != Raw::Type::scalar) return "";
    for (const Choice& choice : spec.part(spec.selector)->choices)
      if (choice.name == given->text) return given->text;
    return "";
  }

  void absent(const Spec& part, const Where& where, const std::string& parent, Value& value) {
    const std::string path = join_path(parent, part.name);
    if (part.presence == Spec::Presence::required) {
      if (incomplete_) return;
      const std::string hint =
          missing_base_.empty() ? "" : fmt::format(", or '{}' to take it from", missing_base_);
      errors_.add(where, path, fmt::format("missing; allowed: {}{}", allowed(part), hint));
    } else if (part.presence == Spec::Presence::defaulted) {
      Raw raw = part.default_value;
      place(raw, where);
      Value filled = check(part, raw, path);
      mark_default(filled);
      value.add(std::move(filled));
    }
  }
  // A default stands where the object that lacks it stands.
  static void place(Raw& raw, const Where& where) {
    raw.where = raw.key_where = where;
    for (Raw& item : raw.items) place(item, where);
  }
  static void mark_default(Value& value) {
    value.set_default();
    for (const Value& item : value.items()) mark_default(const_cast<Value&>(item));
  }

  void refuse_unknown(const Spec& spec, const Raw& raw, const std::string& path) {
    std::vector<std::string> known;
    for (const Spec& part : spec.parts) known.push_back(part.name);
    for (const Raw& item : raw.items) {
      if (spec.part(item.key)) continue;
      std::string help;
      if (const auto near = nearest(item.key, known))
        help = fmt::format("did you mean '{}'?", *near);
      else if (const std::string other = path_of(root_, item.key); !other.empty())
        help = fmt::format("did you mean '{}'?", other);
      else
        help = fmt::format("allowed: {}", fmt::join(known, ", "));
      errors_.add(item.key_where, join_path(path, shown(item.key)), "unknown key; " + help);
    }
  }

  void run_rule(const Spec& spec, Value& value, std::size_t before) {
    if (spec.rule && errors_.size() + broken_ == before) spec.rule(value, errors_);
  }

  const Spec& root_;
  Errors& errors_;
  std::size_t broken_ = 0;    // maps that are incomplete
  bool incomplete_ = false;   // what is missing is not to be told
  std::string missing_base_;  // the key that would have given what is missing
};

}  // namespace

Value check(const Spec& spec, const Raw& raw, Errors& errors) {
  return Checker(spec, errors).check(spec, raw, "");
}

}  // namespace nestwalk::config
