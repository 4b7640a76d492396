// The stream of memory accesses that a vCPU executes: a generator or a trace reader.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/base/address.h"

namespace nestwalk {

enum class AccessKind : std::uint8_t { read, write, fetch };

struct MemoryAccess {
  Va va{};
  AccessKind kind = AccessKind::read;
  // Bytes touched, 1..64. An access that crosses a 4 KiB boundary is split by the source.
  std::uint8_t size_bytes = 8;
  // Address space (process) that makes the access; 0 where the input does not say.
  std::uint16_t space = 0;
  // The address was computed from the data of the access before (pointer chase): may not issue
  // until that one has completed.
  bool dependent = false;
  // Made without privilege (x86: CPL 3, Arm: EL0).
  bool user = true;
  // Before it the vCPU enters its privileged software (hyp/privileged_software.h); timed machine
  // only.
  bool after_system_call = false;
};

class AccessSource {
 public:
  virtual ~AccessSource() = default;
  // Writes up to out.size() further accesses; fewer only at the end, 0 at the end and ever after.
  // Memory use does not grow with the length of the stream. Throws UserErrors for bad input.
  virtual std::size_t next(std::span<MemoryAccess> out) = 0;
  // Instructions executed up to the last access given out; nothing: the input does not say (yet).
  virtual std::optional<std::uint64_t> instructions() const { return std::nullopt; }
};

}  // namespace nestwalk
