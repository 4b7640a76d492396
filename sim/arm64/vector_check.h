// `nestwalk check` for arm64: executes each access of a vector line with empty TLBs and compares
// what counts (tests/conformance/vectors/README.md). Memory types, timing and `at` are not
// compared.
#pragma once
#include <memory>

#include "common/vectors/vector_checker.h"

namespace nestwalk::arm64 {

std::unique_ptr<VectorChecker> make_vector_checker();

}  // namespace nestwalk::arm64
