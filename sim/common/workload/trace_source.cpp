// Skipping, limiting and repeating a trace.
#include "common/workload/trace_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/base/user_error.h"

namespace nestwalk {

TraceSource::TraceSource(TraceSpec spec, std::function<ByteStream()> open)
    : spec_(std::move(spec)),
      open_(std::move(open)),
      left_(spec_.limit == 0 ? std::numeric_limits<std::uint64_t>::max() : spec_.limit) {
  begin_lap();
}

std::size_t TraceSource::next(std::span<MemoryAccess> out) {
  const std::span<MemoryAccess> wanted =
      out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_)));
  std::size_t filled = 0;
  while (filled < wanted.size() && !ended_) {
    const std::size_t got = reader_->next(wanted.subspan(filled));
    filled += got;
    of_this_lap_ += got;
    if (filled == wanted.size()) break;
    if (of_this_lap_ == 0)
      throw UserErrors(UserError{
          spec_.path, 0, "",
          spec_.skip == 0 ? "the trace has no accesses"
                          : fmt::format("skip is {}, which is all of the trace", spec_.skip)});
    if (spec_.loop) {
      earlier_instructions_ = instructions().value_or(0);
      begin_lap();
    } else {
      ended_ = true;
    }
  }
  left_ -= filled;
  return filled;
}

std::optional<std::uint64_t> TraceSource::instructions() const {
  const std::optional<std::uint64_t> read = reader_->instructions();
  if (!read) return std::nullopt;
  return earlier_instructions_ + *read - skipped_instructions_;
}

// Opens the trace and leaves out what is to be skipped.
void TraceSource::begin_lap() {
  reader_ = make_trace_reader(spec_.format, open_());
  of_this_lap_ = 0;
  std::array<MemoryAccess, 1024> skipped;
  for (std::uint64_t left = spec_.skip; left > 0;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, skipped.size()));
    const std::size_t got = reader_->next(std::span(skipped).first(wanted));
    left -= got;
    if (got < wanted)
      throw UserErrors(UserError{spec_.path, 0, "",
                                 fmt::format("skip is {}, but the trace has only {} accesses",
                                             spec_.skip, spec_.skip - left)});
  }
  skipped_instructions_ = reader_->instructions().value_or(0);
}

}  // namespace nestwalk
