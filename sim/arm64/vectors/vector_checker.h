// `nestwalk check` for arm64: executes each access of a vector line with empty TLBs and compares
// what counts (tests/conformance/vectors/arm64/README.md). Memory types, timing and `at` are not
// compared.
#pragma once
#include <memory>
#include <optional>

#include "common/tlb/walk_caches.h"
#include "common/vectors/vector_checker.h"

namespace nestwalk::arm64 {

// `repeat_with`: executes every access twice, the second time with walk caches and a stage-2 TLB
// that the first has filled; what counts is the second's outcome and all words changed.
std::unique_ptr<VectorChecker> make_vector_checker(
    const std::optional<WalkCachesSpec>& repeat_with = std::nullopt);

}  // namespace nestwalk::arm64
