// What one line of each text format says.
#pragma once
#include <cstdint>
#include <string_view>

#include "common/workload/access_source.h"
#include "common/workload/text_cursor.h"

namespace nestwalk {

struct TextRecord {
  std::uint64_t va = 0;
  std::uint64_t size_bytes = 8;
  std::uint64_t space = 0;
  AccessKind kind = AccessKind::read;
  bool also_write = false;  // a modification: the read, then a write of the same bytes
};

// "==0== instructions 1234" and "# instructions 1234", in every text format; the number decimal.
inline bool instruction_comment(std::string_view line, std::uint64_t& count) {
  constexpr std::string_view word = " instructions ";
  const std::size_t at = line.find(word);
  if (at == std::string_view::npos || line.find_first_not_of("=#0123456789") != at) return false;
  TextCursor cursor(line.substr(at + word.size()));
  return cursor.decimal(count) && cursor.done();
}

// Valgrind 3.19, lackey/lk_main.c: "I  addr,size", " L addr,size", " S addr,size", " M addr,size".
// Valgrind's own messages begin with ==, -- or **.
struct LackeyGrammar {
  static constexpr std::string_view allowed =
      "\"I  addr,size\", \" L addr,size\", \" S addr,size\" or \" M addr,size\"";

  static bool ignored(std::string_view line) {
    return line.starts_with("==") || line.starts_with("--") || line.starts_with("**");
  }
  static bool parse(std::string_view line, TextRecord& record) {
    TextCursor cursor(line);
    cursor.skip_blanks();
    switch (cursor.take()) {
      case 'I':
        record.kind = AccessKind::fetch;
        break;
      case 'L':
        record.kind = AccessKind::read;
        break;
      case 'S':
        record.kind = AccessKind::write;
        break;
      case 'M':
        record.also_write = true;
        break;
      default:
        return false;
    }
    return cursor.skip_blanks() && cursor.hex(record.va) && cursor.take(',') &&
           cursor.decimal(record.size_bytes) && cursor.done();
  }
};

// "R|W|I hexaddr [size [asid]]": read, write, instruction fetch; size and asid decimal, 8 and 0
// when left out. Comments begin with #.
struct PlainGrammar {
  static constexpr std::string_view allowed =
      "\"R|W|I hexaddr [size [asid]]\", or a comment that begins with #";

  static bool ignored(std::string_view line) { return line.front() == '#'; }
  static bool parse(std::string_view line, TextRecord& record) {
    TextCursor cursor(line);
    cursor.skip_blanks();
    switch (cursor.take()) {
      case 'R':
        record.kind = AccessKind::read;
        break;
      case 'W':
        record.kind = AccessKind::write;
        break;
      case 'I':
        record.kind = AccessKind::fetch;
        break;
      default:
        return false;
    }
    if (!cursor.skip_blanks() || !cursor.hex(record.va)) return false;
    return number_or_end(cursor, record.size_bytes) && number_or_end(cursor, record.space) &&
           cursor.done();
  }

 private:
  static bool number_or_end(TextCursor& cursor, std::uint64_t& value) {
    const bool blank = cursor.skip_blanks();
    if (cursor.done()) return true;
    return blank && cursor.decimal(value);
  }
};

}  // namespace nestwalk
