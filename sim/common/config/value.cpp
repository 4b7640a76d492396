#include "common/config/value.h"

#include <charconv>

#include "common/base/check.h"
#include "common/config/spec.h"

namespace nestwalk::config {

std::string_view Value::key() const {
  const std::string_view path = path_;
  return path.substr(path.rfind('.') + 1);  // no dot: npos + 1 is 0
}

const Value* Value::find(std::string_view path) const {
  const std::size_t dot = path.find('.');
  const std::string_view segment = path.substr(0, dot);
  const Value* found = nullptr;
  if (type_ == Type::list) {
    std::size_t index = 0;
    const char* end = segment.data() + segment.size();
    const auto [stop, error] = std::from_chars(segment.data(), end, index);
    if (error == std::errc{} && stop == end && index < items_.size()) found = &items_[index];
  } else {
    for (const Value& item : items_)
      if (item.key() == segment) found = &item;
  }
  if (!found || dot == std::string_view::npos) return found;
  return found->find(path.substr(dot + 1));
}

const Value& Value::at(std::string_view path) const {
  const Value* found = find(path);
  NW_CHECK(found, "the config has no '{}' below '{}'", path, path_);
  return *found;
}

bool Value::as_bool() const {
  NW_CHECK(type_ == Type::flag, "'{}' is not a flag", path_);
  return number_ != 0;
}

std::uint64_t Value::as_uint() const {
  NW_CHECK(type_ == Type::whole || type_ == Type::bytes || type_ == Type::address,
           "'{}' is not a whole number", path_);
  return number_;
}

double Value::as_real() const {
  if (type_ == Type::whole) return static_cast<double>(number_);
  NW_CHECK(type_ == Type::real, "'{}' is not a number", path_);
  return real_;
}

const std::string& Value::as_text() const {
  NW_CHECK(type_ == Type::text || type_ == Type::choice || type_ == Type::path, "'{}' is not text",
           path_);
  return text_;
}

const std::any& Value::choice_value() const {
  NW_CHECK(choices_, "'{}' is not a choice", path_);
  for (const Choice& choice : *choices_)
    if (choice.name == text_) return choice.value;
  NW_CHECK(false, "'{}' is not a choice of '{}'", text_, path_);
}

std::filesystem::path Value::as_path() const {
  NW_CHECK(type_ == Type::path, "'{}' is not a path", path_);
  const std::filesystem::path path = text_;
  return where_.source && path.is_relative() ? where_.source->folder / path : path;
}

void Value::remove(std::string_view key) {
  std::erase_if(items_, [&](const Value& item) { return item.key() == key; });
}

}  // namespace nestwalk::config
