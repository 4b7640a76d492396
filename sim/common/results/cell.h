// One value of a table: nothing known, words, a count, a signed amount or a computed number.
// (A std::variant would do, but GCC 12 takes its unused members for uninitialized ones.)
#pragma once
#include <cstdint>
#include <string>
#include <utility>

namespace nestwalk {

class Cell {
 public:
  struct Unknown {};

  Cell() = default;
  Cell(const char* words) : type_(Type::words), words_(words) {}
  Cell(std::string words) : type_(Type::words), words_(std::move(words)) {}
  Cell(std::uint64_t count) : type_(Type::count), whole_(count) {}
  Cell(std::int64_t amount) : type_(Type::amount), whole_(static_cast<std::uint64_t>(amount)) {}
  Cell(double number) : type_(Type::number), number_(number) {}

  bool known() const { return type_ != Type::unknown; }
  // The bits of a count or an amount.
  std::uint64_t whole() const { return whole_; }
  bool is_amount() const { return type_ == Type::amount; }

  // Calls `visitor` with an Unknown, const std::string&, std::uint64_t, std::int64_t or double.
  template <class Visitor>
  auto visit(Visitor&& visitor) const {
    switch (type_) {
      case Type::words:
        return visitor(words_);
      case Type::count:
        return visitor(whole_);
      case Type::amount:
        return visitor(static_cast<std::int64_t>(whole_));
      case Type::number:
        return visitor(number_);
      case Type::unknown:
        break;
    }
    return visitor(Unknown{});
  }
  bool operator==(const Cell&) const = default;

 private:
  enum class Type : std::uint8_t { unknown, words, count, amount, number };
  Type type_ = Type::unknown;
  std::string words_;
  std::uint64_t whole_ = 0;
  double number_ = 0;
};

}  // namespace nestwalk
