// A reader turns the bytes of one trace, in one format, into accesses, once from start to end.
#pragma once
#include <cstdint>
#include <memory>

#include "common/workload/access_source.h"
#include "common/workload/byte_stream.h"
#include "common/workload/trace_format.h"

namespace nestwalk {

class TraceReader : public AccessSource {
 public:
  // Instructions (ChampSim) or lines (text, without comments) read so far.
  virtual std::uint64_t records() const = 0;
};

// The format itself where it is given, or recognised by what the stream begins with. Reads nothing
// away. Throws UserErrors for an empty input and for one of no known format.
TraceFormat resolve_format(TraceFormat format, ByteStream& bytes);

// Throws like resolve_format.
std::unique_ptr<TraceReader> make_trace_reader(TraceFormat format, ByteStream bytes);

}  // namespace nestwalk
