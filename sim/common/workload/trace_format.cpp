// Recognising a trace: text by its first significant line, binary by the branch flags and
// instruction pointers of every whole record in sight.
#include "common/workload/trace_format.h"

#include "common/workload/champsim_layout.h"

namespace nestwalk {
namespace {

bool is_text(std::string_view head) {
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') return false;
  }
  return true;
}

// Only lackey's records have a comma; a line of Valgrind's own begins with its mark.
TraceFormat recognise_text(std::string_view head) {
  TraceFormat seen = TraceFormat::plain;
  while (!head.empty()) {
    const std::size_t length = head.find('\n');
    const std::string_view line = head.substr(0, length);
    head.remove_prefix(length == std::string_view::npos ? head.size() : length + 1);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    if (line.starts_with("==") || line.starts_with("--") || line.starts_with("**")) {
      seen = TraceFormat::lackey;
      continue;
    }
    return line.find(',') == std::string_view::npos ? TraceFormat::plain : TraceFormat::lackey;
  }
  return seen;
}

// Read at the wrong record size, an instruction pointer soon falls on an unused (zero) operand.
bool fits(std::string_view head, const ChampsimLayout& layout) {
  const std::size_t records = head.size() / layout.record_bytes;
  for (std::size_t i = 0; i < records; ++i) {
    const ChampsimRecord record{head.data() + i * layout.record_bytes, layout};
    if (!record.plausible() || record.instruction_pointer() == 0) return false;
  }
  return records > 0;
}

}  // namespace

std::string_view trace_format_name(TraceFormat format) {
  return trace_formats[static_cast<std::size_t>(format)].name;
}

std::optional<TraceFormat> trace_format_named(std::string_view name) {
  for (const auto& row : trace_formats)
    if (row.name == name) return row.format;
  return std::nullopt;
}

std::optional<TraceFormat> recognise_trace(std::string_view head, std::string_view file) {
  if (is_text(head)) return recognise_text(head);
  const bool short_form = fits(head, champsim_layout);
  const bool asid_form = fits(head, champsim_asid_layout);
  if (short_form && asid_form) {
    if (file.find("cloudsuite") != std::string_view::npos) return TraceFormat::champsim_asid;
    return std::nullopt;
  }
  if (short_form) return TraceFormat::champsim;
  if (asid_form) return TraceFormat::champsim_asid;
  return std::nullopt;
}

}  // namespace nestwalk
