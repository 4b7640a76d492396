#include "common/config/dump.h"

#include <fmt/format.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/config/library.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

using Type = Value::Type;

std::string scalar_text(const Value& value) {
  switch (value.type()) {
    case Type::flag:
      return value.as_bool() ? "true" : "false";
    case Type::whole:
      return std::to_string(value.as_uint());
    case Type::bytes:
      return format_bytes(value.as_uint());
    case Type::address:
      return fmt::format("{:#x}", value.as_uint());
    case Type::real:
      return format_real(value.as_real());
    case Type::choice:
    case Type::text:
    case Type::path:
      return value.as_text();
    case Type::list:
    case Type::object:
      break;
  }
  NW_CHECK(false, "'{}' is not a scalar", value.path());
}

bool is_scalar(const Value& value) {
  return value.type() != Type::list && value.type() != Type::object;
}

std::string relative_to(const Value& path, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const fs::path given = path.as_text();
  if (given.is_absolute()) return given.string();
  const std::string near = fs::absolute(path.as_path())
                               .lexically_normal()
                               .lexically_proximate(fs::absolute(folder).lexically_normal())
                               .string();
  return is_library_name(near) ? "./" + near : near;
}

void emit(YAML::Emitter& out, const Value& value, const std::filesystem::path& folder) {
  switch (value.type()) {
    case Type::object:
      if (value.items().empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const Value& item : value.items()) {
        out << YAML::Key << std::string(item.key()) << YAML::Value;
        emit(out, item, folder);
      }
      out << YAML::EndMap;
      return;
    case Type::list:
      if (std::all_of(value.items().begin(), value.items().end(), is_scalar)) out << YAML::Flow;
      out << YAML::BeginSeq;
      for (const Value& item : value.items()) emit(out, item, folder);
      out << YAML::EndSeq;
      return;
    case Type::text:
    case Type::path: {
      const std::string text =
          value.type() == Type::path ? relative_to(value, folder) : value.as_text();
      // What would not be read as text needs quotes.
      if (text == "~" || text == "null" || classify_plain(text).type != Scalar::Type::text)
        out << YAML::DoubleQuoted;
      out << text;
      return;
    }
    default:
      out << scalar_text(value);
  }
}

}  // namespace

std::string format_value(const Value& value) {
  if (value.type() != Type::list) return scalar_text(value);
  std::string out = "[";
  for (const Value& item : value.items()) out += (out.size() > 1 ? ", " : "") + scalar_text(item);
  return out + "]";
}

std::string dump_yaml(const Value& root, const std::filesystem::path& folder) {
  YAML::Emitter out;
  emit(out, root, folder);
  NW_CHECK(out.good(), "the YAML emitter: {}", out.GetLastError());
  return std::string(out.c_str()) + "\n";
}

}  // namespace nestwalk::config
