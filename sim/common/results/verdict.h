// The comparison in sentences. Each names a difference only if it is worth naming (estimate.h).
#pragma once
#include <string>
#include <vector>

#include "common/results/comparison.h"

namespace nestwalk {

// Who is ahead once memory has been touched, why, and what it costs. Empty for one variant, or when
// no time is known.
std::string steady_verdict(const Comparison& comparison);

// Who pays the least fault software, and on what prices that rests. Empty as above.
std::string first_touch_verdict(const Comparison& comparison);

// For every variant that pays in one and saves in the other: from when on it is ahead of, or
// behind, the baseline.
std::vector<std::string> break_even_sentences(const Comparison& comparison);

}  // namespace nestwalk
