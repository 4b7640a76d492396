// The list of readers: one line for each format.
#include "common/workload/trace_reader.h"

#include <utility>

#include "common/base/check.h"
#include "common/workload/champsim_trace.h"
#include "common/workload/text_trace.h"

namespace nestwalk {
namespace {

// Enough for some hundred records of any format.
constexpr std::size_t recognised_bytes = 64 << 10;

}  // namespace

TraceFormat resolve_format(TraceFormat format, ByteStream& bytes) {
  const std::string_view head = bytes.peek(format == TraceFormat::automatic ? recognised_bytes : 1);
  if (head.empty()) bytes.fail(0, "the trace is empty");
  if (format != TraceFormat::automatic) return format;
  if (const auto found = recognise_trace(head, bytes.name())) return *found;
  bytes.fail(
      0,
      "the trace format is not recognised; allowed formats: champsim, champsim-asid, lackey, "
      "plain");
}

std::unique_ptr<TraceReader> make_trace_reader(TraceFormat format, ByteStream bytes) {
  format = resolve_format(format, bytes);
  switch (format) {
    case TraceFormat::champsim:
      return std::make_unique<ChampsimTrace>(std::move(bytes), champsim_layout);
    case TraceFormat::champsim_asid:
      return std::make_unique<ChampsimTrace>(std::move(bytes), champsim_asid_layout);
    case TraceFormat::lackey:
      return std::make_unique<TextTrace<LackeyGrammar>>(std::move(bytes));
    case TraceFormat::plain:
      return std::make_unique<TextTrace<PlainGrammar>>(std::move(bytes));
    case TraceFormat::automatic:
      break;
  }
  NW_CHECK(false, "unknown trace format {}", static_cast<int>(format));
  return nullptr;
}

}  // namespace nestwalk
