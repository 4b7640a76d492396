// A part of a trace, or a trace several times over: skip, limit and loop of TraceSpec.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "common/workload/trace_reader.h"
#include "common/workload/workload_spec.h"

namespace nestwalk {

class TraceSource final : public AccessSource {
 public:
  // `open` gives the bytes from the start; called again for each lap.
  TraceSource(TraceSpec spec, std::function<ByteStream()> open);

  std::size_t next(std::span<MemoryAccess> out) override;
  std::optional<std::uint64_t> instructions() const override;

 private:
  void begin_lap();

  TraceSpec spec_;
  std::function<ByteStream()> open_;
  std::unique_ptr<TraceReader> reader_;
  std::uint64_t left_;
  std::uint64_t of_this_lap_ = 0;
  std::uint64_t earlier_instructions_ = 0;  // of the laps before this one
  std::uint64_t skipped_instructions_ = 0;  // of this lap
  bool ended_ = false;
};

}  // namespace nestwalk
