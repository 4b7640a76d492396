// Executes x86 translation vectors and compares: for a completed access the address and exactly the
// words changed, for faults the error code or EXITINFO1 and 2. A #PF's protection-key bit may
// differ where an ordinary violation is present too. The machine behind the vectors departs from
// the manual in PAE's PDPTEs and in 4 MiB pages (Quirks): a result that the manual does not give
// but exactly such a departure does is marked with its class.
#pragma once
#include <optional>

#include "common/tlb/walk_caches.h"
#include "common/vectors/vector_checker.h"
#include "x86/engine.h"
#include "x86/vectors/journal_port.h"
#include "x86/vectors/vector_line.h"

namespace nestwalk::x86 {

class X86VectorChecker final : public VectorChecker {
 public:
  X86VectorChecker() = default;
  // Also repeats every access with walk caches that its first execution has filled: the outcome
  // must be the same, and no flag may be left to set.
  explicit X86VectorChecker(const WalkCachesSpec& repeat_with) : repeat_with_(repeat_with) {}

  std::string_view arch() const override { return "x86"; }
  std::span<const std::string_view> difference_classes() const override;
  VectorResult check(const nlohmann::json& line, bool with_walks) override;

 private:
  std::optional<WalkCachesSpec> repeat_with_;
  PhysicalMemory memory_;
};

}  // namespace nestwalk::x86
