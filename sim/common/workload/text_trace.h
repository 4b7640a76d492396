// The reader of text traces, for a grammar (text_grammar.h). A line is a record; every line counts
// for the line numbers of messages.
#pragma once
#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>

#include "common/workload/access_out.h"
#include "common/workload/line_reader.h"
#include "common/workload/text_grammar.h"
#include "common/workload/trace_reader.h"

namespace nestwalk {

template <class Grammar>
class TextTrace final : public TraceReader {
 public:
  explicit TextTrace(ByteStream bytes) : lines_(std::move(bytes)) {}

  std::size_t next(std::span<MemoryAccess> out) override {
    out_.begin(out);
    std::string_view line;
    while (!out_.full() && lines_.next(line)) {
      if (line.empty()) continue;
      if (Grammar::ignored(line)) {
        note_instructions(line);
        continue;
      }
      TextRecord record;
      if (!Grammar::parse(line, record)) [[unlikely]] {
        if (blank_or_ignored(line)) continue;
        refuse(line);
      }
      check(record);
      ++records_;
      const auto space = static_cast<std::uint16_t>(record.space);
      out_.put(record.va, record.kind, record.size_bytes, space);
      if (record.also_write) out_.put(record.va, AccessKind::write, record.size_bytes, space);
    }
    return out_.filled();
  }
  std::uint64_t records() const override { return records_; }
  std::optional<std::uint64_t> instructions() const override {
    return tells_instructions_ ? std::optional(instructions_) : std::nullopt;
  }

 private:
  // A comment may tell how many instructions were executed since the one before.
  void note_instructions(std::string_view line) {
    std::uint64_t count = 0;
    if (!instruction_comment(line, count)) return;
    instructions_ += count;
    tells_instructions_ = true;
  }
  void check(const TextRecord& record) const {
    if (record.size_bytes < 1 || record.size_bytes > max_record_bytes) [[unlikely]]
      lines_.fail(fmt::format("size is {}; allowed: 1 to {}", record.size_bytes, max_record_bytes));
    if (record.space > std::numeric_limits<std::uint16_t>::max()) [[unlikely]]
      lines_.fail(fmt::format("asid is {}; allowed: 0 to 65535", record.space));
    if (record.va > 0 - record.size_bytes) [[unlikely]]
      lines_.fail("the access runs past the end of the address space");
  }
  // What stands indented; rare, so that it is looked for only where parsing failed.
  static bool blank_or_ignored(std::string_view line) {
    const std::size_t first = line.find_first_not_of(" \t");
    return first == std::string_view::npos || Grammar::ignored(line.substr(first));
  }
  [[noreturn]] void refuse(std::string_view line) const {
    constexpr std::size_t shown = 40;
    std::string text;
    for (const char c : line.substr(0, shown)) text += c >= 0x20 && c < 0x7f ? c : '?';
    lines_.fail(fmt::format("cannot read \"{}{}\"; allowed: {}", text,
                            line.size() > shown ? "..." : "", Grammar::allowed));
  }

  LineReader lines_;
  AccessOut out_;
  std::uint64_t records_ = 0, instructions_ = 0;
  bool tells_instructions_ = false;
};

}  // namespace nestwalk
