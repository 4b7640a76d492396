// A checked config as a tree: every key known, every value in range, every default filled. Reading
// a path that the layout does not have, or as the wrong type, is a programmer's error (NW_CHECK).
#pragma once
#include <any>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/base/user_error.h"
#include "common/config/where.h"

namespace nestwalk::config {

struct Choice;

class Value {
 public:
  // bytes and address are whole numbers, choice and path are text, each written in its own way.
  enum class Type : std::uint8_t {
    flag,
    whole,
    bytes,
    address,
    real,
    choice,
    text,
    path,
    list,
    object
  };

  Value() = default;
  Value(Type type, std::string path, Where where)
      : type_(type), path_(std::move(path)), where_(std::move(where)) {}

  Type type() const { return type_; }
  // The value at a dotted path below this one; a number names an item of a list.
  const Value& at(std::string_view path) const;
  const Value* find(std::string_view path) const;  // null: not there
  bool has(std::string_view path) const { return find(path) != nullptr; }

  bool as_bool() const;
  std::uint64_t as_uint() const;       // whole, bytes, address
  double as_real() const;              // real, whole
  const std::string& as_text() const;  // text, choice, path
  // What the chosen name stands for; T is the type that the layout gives for this key.
  template <class T>
  T as() const {
    const T* value = std::any_cast<T>(&choice_value());
    NW_CHECK(value, "'{}' is no choice of this type", path_);
    return *value;
  }
  // A path as the file system needs it: relative ones start at the file that names them.
  std::filesystem::path as_path() const;

  // The items of a list, or the members of an object in the layout's order.
  std::span<const Value> items() const { return items_; }
  std::string_view key() const;                      // the last segment of path()
  const std::string& path() const { return path_; }  // dotted, from the root
  const Where& where() const { return where_; }
  bool is_default() const { return is_default_; }
  // A mistake that shows only later, told where the value stands.
  UserError error(std::string message) const { return where_.error(path_, std::move(message)); }

  // For the loader and its rules.
  void set_flag(bool flag) { number_ = flag; }
  void set_whole(std::uint64_t number) { number_ = number; }
  void set_real(double real) { real_ = real; }
  void set_text(std::string text) { text_ = std::move(text); }
  void set_choices(const std::vector<Choice>* choices) { choices_ = choices; }
  void set_default() { is_default_ = true; }
  void add(Value item) { items_.push_back(std::move(item)); }
  void remove(std::string_view key);
  Value& mutable_at(std::string_view path) { return const_cast<Value&>(at(path)); }

 private:
  const std::any& choice_value() const;

  Type type_ = Type::object;
  bool is_default_ = false;
  std::uint64_t number_ = 0;
  double real_ = 0;
  std::string text_, path_;
  const std::vector<Choice>* choices_ = nullptr;  // the layout's, of a choice
  std::vector<Value> items_;
  Where where_;
};

}  // namespace nestwalk::config
